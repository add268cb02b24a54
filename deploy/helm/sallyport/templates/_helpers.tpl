{{- define "sallyport.labels" -}}
app.kubernetes.io/name: sallyport
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "sallyport.selector" -}}
app.kubernetes.io/name: sallyport
app.kubernetes.io/component: agent
{{- end }}

{{- define "sallyport.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every container of ours may do: talk netfilter with the kernel of its node, and nothing else that root may. */}}
{{- define "sallyport.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  # Root without rights but one: the kernel lets nobody else talk of nftables.
  runAsUser: 0
  capabilities:
    drop: [ALL]
    add: [NET_ADMIN]
  seccompProfile:
    type: RuntimeDefault
{{- end }}
