import { describe, expect, it } from 'vitest';
import { allAddresses } from '../net/address-set.ts';
import { type DecodeContext, decodeObject } from './decode.ts';
import type { ClusterNetworkPolicy } from './types.ts';

const policyWith = (spec: object, metadata: object = {}): object => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'p', ...metadata },
  spec: { tier: 'Admin', priority: 5, subject: { namespaces: {} }, ...spec },
});

const decode = (value: object, context: DecodeContext = {}) => {
  const { objects, diagnostics } = decodeObject(value, context);
  const said = diagnostics.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
  return { policy: objects[0] as ClusterNetworkPolicy | undefined, said };
};

const everyone = { kind: 'networks', cidrs: ['0.0.0.0/0', '::/0'], addresses: allAddresses };
const strange = { matchExpressions: [{ key: 'app', operator: 'Near', values: ['web'] }] };

describe('a ClusterNetworkPolicy', () => {
  it('is read with everything it may say', () => {
    const { policy, said } = decode(
      policyWith({
        subject: { pods: { namespaceSelector: { matchLabels: { team: 'red' } }, podSelector: { matchLabels: { app: 'web' } } } },
        ingress: [{ name: 'first', action: 'Pass', from: [{ namespaces: {} }], protocols: [{ destinationNamedPort: 'http' }] }],
        egress: [
          {
            action: 'Deny',
            to: [{ networks: ['10.1.2.3/8', 'FD00::/8'] }, { nodes: {} }],
            protocols: [{ tcp: { destinationPort: { number: 80 } } }, { udp: { destinationPort: { range: { start: 1, end: 9 } } } }],
          },
        ],
      }),
    );
    expect(said).toEqual([]);
    expect(policy).toMatchObject({
      name: 'p',
      tier: 'Admin',
      priority: 5,
      subject: { namespaces: { key: 'team=red' }, pods: { key: 'app=web' } },
      ingress: [
        {
          name: 'first',
          action: 'pass',
          peers: [{ kind: 'pods', namespaces: { key: '' }, pods: { key: '' } }],
          ports: ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ kind: 'named', protocol, name: 'http' })),
        },
      ],
      egress: [
        {
          action: 'deny',
          peers: [
            { kind: 'networks', cidrs: ['10.0.0.0/8', 'fd00::/8'] },
            { kind: 'nodes', nodes: { key: '' } },
          ],
          ports: [
            { kind: 'range', protocol: 'TCP', first: 80, last: 80 },
            { kind: 'range', protocol: 'UDP', first: 1, last: 9 },
          ],
        },
      ],
    });
  });

  it('leaves a direction without rules alone, and has no namespace', () => {
    const { policy } = decode(policyWith({ ingress: [], egress: null }), { defaultNamespace: 'shop' });
    expect(policy).not.toHaveProperty('ingress');
    expect(policy).not.toHaveProperty('egress');
    expect(policy).not.toHaveProperty('namespace');
    expect(decode(policyWith({}, { namespace: 'shop' })).said).toEqual(['error metadata.namespace: Forbidden: not allowed on this type']);
  });

  it('is refused in the words of the API server', () => {
    const rule = (rest: object) => policyWith({ egress: [{ action: 'Accept', to: [{ namespaces: {} }], ...rest }] });
    const said = (value: object): string => decode(value).said.join('\n');
    expect(said(policyWith({ tier: 'admin' }))).toBe('error spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline"');
    expect(said(policyWith({ priority: 1001 }))).toBe(
      'error spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000',
    );
    expect(said(policyWith({ priority: '5' }))).toBe(
      'error spec.priority: Invalid value: "string": spec.priority in body must be of type integer: "string"',
    );
    expect(said(policyWith({ priority: 5.5 }))).toContain('must be of type integer: "number"');
    expect(said(policyWith({ ingress: [null] }))).toContain('spec.ingress[0] in body must be of type object: "null"');
    expect(said(policyWith({ subject: {} }))).toBe(
      'error spec.subject: Invalid value: {}: spec.subject in body should have at least 1 properties',
    );
    expect(said(rule({ to: [{ namespaces: {}, nodes: {} }] }))).toBe('error spec.egress[0].to[0]: Too many: 2: must have at most 1 items');
    expect(said(rule({ to: [] }))).toContain('spec.egress[0].to in body should have at least 1 items');
    expect(said(rule({ name: 'x'.repeat(101) }))).toBe('error spec.egress[0].name: Too long: may not be more than 100 bytes');
    expect(said(rule({ to: [{ networks: ['010.0.0.0/8'] }] }))).toContain('Invalid CIDR format provided');
    expect(said(rule({ to: [{ networks: [`${'0'.repeat(40)}/32`] }] }))).toContain('Invalid CIDR');
    expect(said(rule({ to: [{ networks: [`${'0:'.repeat(30)}/32`] }] }))).toContain('Too long: may not be more than 43 bytes');
    expect(said(rule({ to: [{ domainNames: ['localhost'] }] }))).toContain("domainNames[0] in body should match '^");
    expect(said(rule({ protocols: [{ tcp: {} }] }))).toContain('protocols[0].tcp in body should have at least 1 properties');
    expect(said(rule({ protocols: [{ tcp: { destinationPort: { range: { start: 5 } } } }] }))).toBe(
      'error spec.egress[0].protocols[0].tcp.destinationPort.range.end: Required value',
    );
    expect(said(rule({ protocols: [{ tcp: { destinationPort: { range: { start: 5, end: 5 } } } }] }))).toContain(
      'Start port must be less than End port',
    );
    expect(said({ ...policyWith({}), spec: null })).toBe('error spec: Required value');
    expect(said(policyWith({ subject: { namespaces: { matchExpressions: [{ values: [] }] } } }))).toBe(
      'error spec.subject.namespaces.matchExpressions[0].key: Required value\n' +
        'error spec.subject.namespaces.matchExpressions[0].operator: Required value',
    );
    expect(said(policyWith({ ingres: [] }))).toBe('error spec.ingres: unknown field "spec.ingres" (did you mean "ingress"?)');
    expect(said({ ...policyWith({}), metadata: { name: 'Upper' } })).toContain('lowercase RFC 1123 subdomain');
  });
});

describe('what the schema lets pass and nobody understands is closed', () => {
  const egress = (action: string, to: readonly object[], protocols?: readonly object[]) =>
    decode(policyWith({ egress: [{ action, to, ...(protocols && { protocols }) }] }));
  const good = { namespaces: { matchLabels: { team: 'red' } } };

  it('an Accept does not accept by it', () => {
    const { policy, said } = egress('Accept', [good, { namespaces: strange }, { pods: { podSelector: strange } }, { nodes: strange }]);
    expect(policy?.egress?.[0]).toMatchObject({ action: 'accept', peers: [{ kind: 'pods', namespaces: { key: 'team=red' } }] });
    expect(policy?.egress?.[0]?.peers).toHaveLength(1);
    expect(said[0]).toBe(
      'warning spec.egress[0].to[1].namespaces.matchExpressions[0].operator: ' +
        'Invalid value: "Near": not a valid selector operator; so nothing is accepted by it',
    );
    expect(said).toHaveLength(3);
    expect(egress('Accept', [{ namespaces: strange }]).policy?.egress).toEqual([{ action: 'accept', peers: [] }]);
    const ports = [{ destinationNamedPort: '' }, { sctp: { destinationPort: { number: 9 } } }];
    expect(egress('Accept', [good], ports).policy?.egress?.[0]).toMatchObject({ ports: [{ protocol: 'SCTP', first: 9 }] });
    expect(egress('Accept', [good], ports.slice(0, 1)).policy?.egress).toEqual([{ action: 'accept', peers: [] }]);
  });

  it.each(['Deny', 'Pass'])('a %s denies everything', (action) => {
    const closed = [{ action: 'deny', peers: [everyone] }];
    expect(egress(action, [good, { namespaces: strange }]).policy?.egress).toEqual(closed);
    expect(egress(action, [good], [{ destinationNamedPort: '' }]).policy?.egress).toEqual(closed);
    const byName = egress(action, [{ domainNames: ['example.com'] }]);
    expect(byName.policy?.egress).toEqual(closed);
    expect(byName.said).toEqual([
      'warning spec.egress[0].to[0].domainNames: domain names are for Accept rules only, so the rule denies everything',
    ]);
  });

  it('domain names accept nothing, and it is said', () => {
    const { policy, said } = egress('Accept', [{ domainNames: ['example.com'] }, good]);
    expect(policy?.egress?.[0]?.peers).toHaveLength(1);
    expect(said).toEqual(['warning spec.egress[0].to[0].domainNames: domain names are not evaluated, so nothing is accepted by it']);
  });

  it('a subject is everyone that it could be, who is denied and passed on no further', () => {
    const subject = { pods: { namespaceSelector: { matchLabels: { team: 'red' } }, podSelector: strange } };
    const rules = ['Accept', 'Deny', 'Pass'].map((action) => ({ action, from: [good] }));
    const { policy, said } = decode(policyWith({ subject, ingress: rules }));
    expect(policy?.subject).toMatchObject({ namespaces: { key: 'team=red' }, pods: { key: '' } });
    expect(policy?.ingress?.map(({ action, peers }) => `${action} ${peers.length}`)).toEqual(['accept 0', 'deny 1', 'deny 1']);
    expect(said[0]).toMatch(/^warning spec\.subject\.pods\.podSelector\.matchExpressions\[0\]\.operator: .*no rule accepts$/);
  });
});

describe('of a policy that an API server keeps, what is newer than this program is closed', () => {
  const stored = (spec: object) => decode(policyWith(spec), { isStored: true });
  const good = { namespaces: {} };

  it('peers, protocols and rules', () => {
    const rules = (action: string) => [
      { action, to: [good, { serviceAccounts: {} }] },
      { action, to: [{ pods: { podSelector: {}, serviceAccount: 'x' } }] },
      { action, to: [good], protocols: [{ icmp: { type: 8 } }] },
      { action, to: [good], protocols: [{ tcp: { destinationPort: { number: 80 }, flags: 'syn' } }] },
      { action, to: [good], schedule: 'nightly' },
    ];
    const accept = stored({ egress: rules('Accept') });
    expect(accept.policy?.egress?.map(({ peers }) => peers.length)).toEqual([1, 0, 0, 0, 0]);
    expect(accept.said.every((text) => text.startsWith('warning'))).toBe(true);
    for (const action of ['Deny', 'Pass'])
      for (const rule of stored({ egress: rules(action) }).policy!.egress!) expect(rule).toEqual({ action: 'deny', peers: [everyone] });
  });

  it('an action, a subject, and what stands beside it', () => {
    expect(stored({ ingress: [{ action: 'Log', from: [good] }] }).policy?.ingress).toEqual([{ action: 'deny', peers: [everyone] }]);
    const rules = { ingress: [{ action: 'Accept', from: [good] }] };
    expect(stored({ ...rules, subject: { namespaces: { exceptLabels: {} } } }).policy?.ingress).toEqual([{ action: 'accept', peers: [] }]);
    expect(stored({ ...rules, schedule: {} }).policy?.ingress).toEqual([{ action: 'accept', peers: [] }]);
    // Whom it speaks of, or when it is asked, nobody can tell.
    expect(stored({ subject: { nodes: {} } }).policy).toBeUndefined();
    expect(stored({ tier: 'Middle' }).policy).toBeUndefined();
  });

  it('more of the same is taken as it is', () => {
    const many = Array.from({ length: 30 }, () => ({ action: 'Accept', from: [good] }));
    expect(stored({ ingress: many })).toMatchObject({ said: [], policy: { ingress: { length: 30 } } });
    const named = [{ action: 'Accept', to: [{ networks: ['10.0.0.0/8'] }], protocols: [{ destinationNamedPort: 'http' }] }];
    expect(stored({ egress: named }).policy?.egress?.[0]).toMatchObject({ peers: [{ kind: 'networks' }], ports: { length: 3 } });
  });
});
