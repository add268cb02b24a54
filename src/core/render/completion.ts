/** The shells that completion is written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * The completion script of a shell. The scripts know nothing of the commands: they ask `program __complete WORD...`, which answers
 * as kubectl's plugins do, a line for each candidate (`word<TAB>description`) and then `:4`, `:6` where no blank is to follow, or `:0` where
 * file names are wanted.
 */
export function completionScript(shell: Shell, program: string): string {
  return scripts[shell].replaceAll('PROGRAM', program);
}

const bash = `# bash completion for PROGRAM; in ~/.bashrc: source <(PROGRAM completion bash)
_PROGRAM() {
  local line="\${COMP_LINE:0:COMP_POINT}" directive=0 words candidates current prefix
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[\${#words[@]}-1]}
  mapfile -t candidates < <(PROGRAM __complete "\${words[@]:1}" 2>/dev/null)
  [ \${#candidates[@]} -eq 0 ] && return
  directive=\${candidates[\${#candidates[@]}-1]}
  unset 'candidates[\${#candidates[@]}-1]'
  if [ "$directive" = :0 ]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  [ "$directive" = :6 ] && compopt -o nospace
  # bash takes a colon and an equals sign for the end of a word.
  prefix=\${current%"\${current##*[:=]}"}
  COMPREPLY=("\${candidates[@]%%$'\\t'*}")
  COMPREPLY=("\${COMPREPLY[@]#"$prefix"}")
}
complete -F _PROGRAM PROGRAM
`;

const zsh = `#compdef PROGRAM
# zsh completion for PROGRAM; in ~/.zshrc: source <(PROGRAM completion zsh)
_PROGRAM() {
  local -a lines described
  local line
  lines=("\${(@f)$(PROGRAM __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[-1] == :0 ]]; then
    _files
    return
  fi
  for line in "\${(@)lines[1,-2]}"; do
    described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if [[ $lines[-1] == :6 ]]; then
    _describe PROGRAM described -S ''
  else
    _describe PROGRAM described
  fi
}
compdef _PROGRAM PROGRAM
`;

const fish = `# fish completion for PROGRAM; in ~/.config/fish/config.fish: PROGRAM completion fish | source
function __PROGRAM_complete
    set -l words (commandline --tokens-expanded --cut-at-cursor 2>/dev/null; or commandline -opc) (commandline -ct)
    set -l lines (PROGRAM __complete $words[2..] 2>/dev/null)
    if test "$lines[-1]" = :0
        __fish_complete_path (commandline -ct)
    else
        string match --invert ':*' -- $lines
    end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`;

const scripts: Record<Shell, string> = { bash, zsh, fish };
