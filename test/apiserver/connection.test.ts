import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { connectionOf } from '#kube/connect.ts';
import { readCluster } from '#kube/read-cluster.ts';
import { Authority } from '../cluster/authority.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { type Form, withoutExecutable } from '../golden/session.ts';
import { shop } from './shop.ts';
import { type Ran, World } from './world.ts';

const question = ['check', '--from', 'shop/client', '--to', 'pay/db-0', '--port', '5432'];
const answered = { code: 1, stderr: '', stdout: expect.stringContaining('denied') };

const readEverything: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'reader' },
  rules: [{ apiGroups: ['', 'discovery.k8s.io', 'networking.k8s.io', 'apps', 'batch'], resources: ['*'], verbs: ['get', 'list'] }],
};

const bound = (kind: string, name: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `reader-${name}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
  subjects: [kind === 'ServiceAccount' ? { kind, name, namespace: 'shop' } : { kind, name, apiGroup: 'rbac.authorization.k8s.io' }],
});

/** A server on loopback for the length of a test. */
class Listening implements Disposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    });
  }

  static async on(server: Server): Promise<Listening> {
    const listening = new Listening(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return listening;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

// The executable has its own ways to a server, to certificates and to other programs.
describe.for<Form>(['Node', 'executable'])('%s', (form) => {
  const missing = cannotRunControlPlane() ?? (form === 'executable' ? withoutExecutable() : undefined);
  describe.skipIf(missing !== undefined)(`the way to a cluster${missing === undefined ? '' : ` (${missing})`}`, () => theWay(form));
});

function theWay(form: Form): void {
  let world: World;
  beforeAll(async () => {
    world = await World.create({
      form,
      users: [
        { token: 'token-of-dev', name: 'dev', groups: ['readers'] },
        { token: 'token-of-nobody', name: 'nobody' },
      ],
    });
    await world.plane.create([...shop, readEverything, bound('Group', 'readers'), bound('User', 'ann'), bound('ServiceAccount', 'robot')]);
    await world.plane.until(async () => (await world.sallyport('matrix', '--as', 'ann')).code === 0);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** Who the server took the last request for. */
  const lastUser = (): string | undefined => world.plane.audit().findLast(({ userAgent }) => userAgent === 'sallyport')?.user.username;

  function write(name: string, content: string | object): string {
    const path = join(world.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  const ask = (environment: NodeJS.ProcessEnv, ...words: string[]): Promise<Ran> =>
    world.run('sallyport', [...question, ...words], environment);

  describe('the kubeconfig', () => {
    const cluster = () => ({ server: world.plane.server, 'certificate-authority': world.plane.authority.certificate });
    const config = (name: string, parts: object): string => write(name, { apiVersion: 'v1', kind: 'Config', ...parts });

    test('several files are one: what several say, the first says; one that is missing is passed over', async () => {
      const first = config('first', {
        'current-context': 'mine',
        contexts: [{ name: 'mine', context: { cluster: 'here', user: 'dev' } }],
        users: [{ name: 'dev', user: { token: 'token-of-dev' } }],
      });
      const second = config('second', {
        'current-context': 'other',
        clusters: [{ name: 'here', cluster: cluster() }],
        users: [{ name: 'dev', user: { token: 'token-of-nobody' } }],
        contexts: [{ name: 'other', context: { cluster: 'here', user: 'nobody' } }],
      });
      expect(await ask({ KUBECONFIG: `${join(world.folder, 'none')}:${first}:${second}` })).toMatchObject(answered);
      expect(lastUser()).toBe('dev');
      // The same files, as kubectl understands them.
      const { stdout } = await world.run('kubectl', ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
        KUBECONFIG: `${first}:${second}`,
      });
      expect(stdout).toBe('dev');
    });

    test('paths in it are relative to its file, and what stands in it goes before a file', async () => {
      write('here/ca.crt', readFileSync(world.plane.authority.certificate, 'utf8'));
      write('here/token', 'token-of-dev');
      const beside = { server: world.plane.server, 'certificate-authority': 'ca.crt' };
      const inside = {
        ...beside,
        'certificate-authority-data': readFileSync(world.plane.authority.certificate).toString('base64'),
        'certificate-authority': 'none.crt',
      };
      for (const [name, each] of Object.entries({ beside, inside })) {
        const path = config(`here/${name}`, {
          'current-context': 'x',
          clusters: [{ name: 'x', cluster: each }],
          users: [{ name: 'x', user: { tokenFile: 'token' } }],
          contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
        });
        expect(await ask({ KUBECONFIG: path })).toMatchObject(answered);
        expect(lastUser()).toBe('dev');
      }
    });

    test('flags choose and replace: --context, --cluster, --user, --server, --token, certificates', async () => {
      const path = config('many', {
        'current-context': 'broken',
        clusters: [
          { name: 'here', cluster: cluster() },
          { name: 'gone', cluster: { ...cluster(), server: 'https://127.0.0.1:1' } },
        ],
        users: [
          { name: 'dev', user: { token: 'token-of-dev' } },
          { name: 'nobody', user: { token: 'token-of-nobody' } },
        ],
        contexts: [
          { name: 'good', context: { cluster: 'here', user: 'dev', namespace: 'shop' } },
          { name: 'broken', context: { cluster: 'gone', user: 'nobody' } },
        ],
      });
      const with_ = (...words: string[]): Promise<Ran> => ask({ KUBECONFIG: '' }, '--kubeconfig', path, ...words);
      expect(await with_('--context', 'good')).toMatchObject(answered);
      expect(await with_('--cluster', 'here', '--user', 'dev')).toMatchObject(answered);
      expect(await with_('-s', world.plane.server, '--user', 'dev')).toMatchObject(answered);
      expect(await with_('--context', 'good', '--user', 'nobody', '--token', 'token-of-dev')).toMatchObject(answered);
      const { certificate, key } = world.plane.admin;
      expect(await with_('--cluster', 'here', '--client-certificate', certificate, '--client-key', key)).toMatchObject(answered);
      expect(lastUser()).toBe('admin');
      expect(await with_('--cluster', 'here', '--client-certificate', certificate)).toMatchObject({
        code: 2,
        stderr: 'error: a client certificate and its key go together: --client-certificate and --client-key name them\n',
      });
      expect(await with_('--context', 'godo')).toMatchObject({
        code: 2,
        stderr: 'error: context "godo" does not exist; did you mean good?\nthere are: broken, good\n',
      });
      expect(await with_('--user', 'none')).toMatchObject({
        code: 2,
        stderr: 'error: user "none" does not exist\nthere are: dev, nobody\n',
      });
    });

    test('without a kubeconfig --server is enough, and without any cluster it is said where one was looked for', async () => {
      const trust = ['--certificate-authority', world.plane.authority.certificate];
      expect(await ask({ KUBECONFIG: '' }, '-s', world.plane.server, '--token', 'token-of-dev', ...trust)).toMatchObject(answered);
      expect(
        await ask({ KUBECONFIG: '' }, '-s', world.plane.server, '--token', 'token-of-dev', '--insecure-skip-tls-verify'),
      ).toMatchObject(answered);
      const home = join(world.folder, '.kube/config');
      expect(await ask({ KUBECONFIG: '', KUBERNETES_SERVICE_HOST: '' })).toMatchObject({
        code: 2,
        stderr: `error: there is no cluster to read: no kubeconfig at ${home}\nsay with -f where manifests are, or with --kubeconfig or KUBECONFIG where a kubeconfig is\n`,
      });
      const bare = config('bare', { contexts: [{ name: 'a', context: { cluster: 'a' } }] });
      expect(await ask({ KUBECONFIG: bare })).toMatchObject({
        code: 2,
        stderr: `error: no context is chosen: ${bare} sets no current-context\nsay with --context which one is meant; there are: a\n`,
      });
    });

    test.each([
      ['not: [yaml', 'Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 11'],
      ['clusters: here', 'clusters: cannot unmarshal string into a field of type array'],
      ['users: [{name: a, user: {token: 12}}]', 'users[0].user.token: cannot unmarshal number 12 into a field of type string'],
    ])('one that can not be read is an error: %s', async (content, message) => {
      const path = write('faulty', content);
      expect(await ask({ KUBECONFIG: path })).toMatchObject({ code: 2, stderr: `error: kubeconfig ${path}: ${message}\n` });
    });

    test('a pod of the cluster needs none', async () => {
      await world.plane.create([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace: 'shop' } }]);
      const { body } = await world.plane.send('POST', '/api/v1/namespaces/shop/serviceaccounts/robot/token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {},
      });
      write('account/token', (body as { status: { token: string } }).status.token);
      write('account/ca.crt', readFileSync(world.plane.authority.certificate, 'utf8'));
      const { hostname, port } = new URL(world.plane.server);
      const environment = { KUBECONFIG: join(world.folder, 'none'), KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
      const connection = await connectionOf({}, { environment, serviceAccount: join(world.folder, 'account') });
      const { objects } = await readCluster(connection, { namespaces: 'all', kinds: ['Pod'] }, { choices: defaultChoices });
      connection.agent.destroy();
      expect(objects.filter(({ kind }) => kind === 'Pod')).toHaveLength(shop.filter(({ kind }) => kind === 'Pod').length);
      expect(lastUser()).toBe('system:serviceaccount:shop:robot');
    });
  });

  describe('who asks', () => {
    test('--as, --as-group and --as-uid are taken on', async () => {
      expect(await ask({}, '--as', 'ann')).toMatchObject(answered);
      expect(await ask({}, '--as', 'bob', '--as-group', 'others', '--as-group', 'readers', '--as-uid', '17')).toMatchObject(answered);
      expect(await ask({}, '--as', 'bob')).toMatchObject({ code: 2, stderr: expect.stringContaining('user "bob" may not') });
      const kubeconfig = world.plane.kubeconfig('as', {
        'client-certificate': world.plane.admin.certificate,
        'client-key': world.plane.admin.key,
        as: 'bob',
        'as-groups': ['readers'],
      });
      expect(await ask({ KUBECONFIG: kubeconfig })).toMatchObject(answered);
      expect(await ask({}, '--as-group', 'readers')).toMatchObject({
        code: 2,
        stderr: 'error: groups and a uid can be taken on only with a user: say with --as which\n',
      });
    });

    function withPlugin(name: string, exec: object): string {
      return world.plane.kubeconfig(name, { exec: { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', ...exec } });
    }

    function plugin(name: string, lines: string): string {
      const path = write(name, `#!/bin/sh\n${lines}\n`);
      chmodSync(path, 0o755);
      return path;
    }

    const credential = (status: object): string =>
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });

    test('a credential plugin is told what for, is heard when it speaks, and is asked once', async () => {
      const log = join(world.folder, 'plugin.log');
      const path = plugin(
        'plugin',
        `echo "$1 $WHO $KUBERNETES_EXEC_INFO" >> ${log}\necho 'sign in, please' >&2\necho '${credential({ token: 'token-of-dev' })}'`,
      );
      const kubeconfig = withPlugin('plugin', {
        command: path,
        args: ['get-token'],
        env: [{ name: 'WHO', value: 'me' }],
        provideClusterInfo: true,
      });
      const ran = await ask({ KUBECONFIG: kubeconfig });
      expect(ran).toMatchObject({ ...answered, stderr: 'sign in, please\n' });
      expect(lastUser()).toBe('dev');
      const [line = '', ...others] = readFileSync(log, 'utf8').trim().split('\n');
      expect(others).toEqual([]);
      expect(line.slice(0, 13)).toBe('get-token me ');
      expect(JSON.parse(line.slice(13))).toMatchObject({
        kind: 'ExecCredential',
        apiVersion: 'client.authentication.k8s.io/v1',
        spec: { interactive: false, cluster: { server: world.plane.server } },
      });
    });

    test('it may give a certificate, and stand beside the kubeconfig', async () => {
      const { certificate, key } = world.plane.admin;
      const status = { clientCertificateData: readFileSync(certificate, 'utf8'), clientKeyData: readFileSync(key, 'utf8') };
      write('credential.json', credential(status));
      writeFileSync(join(world.plane.directory, 'certificates.sh'), `#!/bin/sh\ncat ${world.folder}/credential.json\n`);
      chmodSync(join(world.plane.directory, 'certificates.sh'), 0o755);
      expect(await ask({ KUBECONFIG: withPlugin('certificates', { command: './certificates.sh' }) })).toMatchObject(answered);
      expect(lastUser()).toBe('admin');
    });

    test.each([
      [
        'is not there',
        { command: 'no-such-plugin', installHint: 'install it from example.com' },
        'the credential plugin no-such-plugin is not there\ninstall it from example.com\n',
      ],
      ['fails', { command: 'false' }, 'the credential plugin false ended with exit code 1\n'],
      ['says nothing', { command: 'true' }, 'the credential plugin true printed nothing\n'],
      ['says a secret', { command: 'echo', args: ['secret'] }, 'the credential plugin echo printed no JSON\n'],
      ['says something else', { command: 'echo', args: ['{}'] }, 'the credential plugin echo printed no ExecCredential with a status\n'],
      [
        'must ask',
        { command: 'true', interactiveMode: 'Always' },
        'the credential plugin true must ask on a terminal, and standard input is none\n',
      ],
    ])('a plugin that %s is an error', async (_, exec, message) => {
      expect(await ask({ KUBECONFIG: withPlugin('bad-plugin', exec) })).toMatchObject({ code: 2, stderr: `error: ${message}` });
    });

    test('a user name and password are sent as they are', async () => {
      using heard = await Listening.on(
        createPlainServer(({ headers }, response) => void response.writeHead(401).end(headers.authorization)),
      );
      const kubeconfig = world.plane.kubeconfig(
        'basic',
        { username: 'ann', password: 'secret' },
        { server: `http://127.0.0.1:${heard.port}` },
      );
      expect(await ask({ KUBECONFIG: kubeconfig })).toMatchObject({
        code: 2,
        stderr: `error: the API server at http://127.0.0.1:${heard.port} refuses the credentials of user "basic" (401 Unauthorized)\n`,
      });
    });

    test('credentials that can not be used are said', async () => {
      const kubeconfig = world.plane.kubeconfig('lost', { 'client-certificate': '/none.crt', 'client-key': '/none.key' });
      expect(await ask({ KUBECONFIG: kubeconfig })).toMatchObject({
        code: 2,
        stderr: `error: the credentials of user "lost" can't be used: ENOENT: no such file or directory, open '/none.crt'\n`,
      });
      expect(await ask({}, '--token', 'wrong')).toMatchObject({
        code: 2,
        stderr: `error: the API server at ${world.plane.server} refuses the credentials (401 Unauthorized)\n`,
      });
    });
  });

  describe('whom to trust', () => {
    test.each([
      ['by another authority', { days: 2, names: ['IP:127.0.0.1'] }, false, 'is signed by an unknown authority'],
      ['that has expired', { days: -1, names: ['IP:127.0.0.1'] }, true, 'has expired'],
      ['for another name', { days: 2, names: ['DNS:other'] }, true, "is for another name: IP: 127.0.0.1 is not in the cert's list: "],
    ])('a certificate %s is not', async (_, options, isKnown, message) => {
      const authority = new Authority(join(world.folder, 'pki'), 'another');
      const { certificate, key } = authority.issue('server', { subject: '/CN=server', ...options });
      using server = await Listening.on(createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }));
      const url = `https://127.0.0.1:${server.port}`;
      const ran = await ask({}, '-s', url, ...(isKnown ? ['--certificate-authority', authority.certificate] : []));
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain(`error: the certificate of ${url} ${message}`);
    });

    test('--tls-server-name says which name it has', async () => {
      expect(await ask({}, '--tls-server-name', 'kubernetes.default.svc')).toMatchObject(answered);
      expect(await ask({}, '--tls-server-name', 'example.com')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('is for another name'),
      });
    });
  });

  describe('a server that is none', () => {
    test('nobody listens', async () => {
      expect(await ask({}, '-s', 'https://127.0.0.1:1')).toMatchObject({
        code: 2,
        stderr: "error: the API server at https://127.0.0.1:1 can't be reached: connection refused\n",
      });
    });

    test('no host has the name', async () => {
      const ran = await ask({}, '-s', 'https://no-such-host.invalid');
      expect(ran.code).toBe(2);
      expect(ran.stderr).toMatch(
        /^error: the API server at https:\/\/no-such-host\.invalid can't be reached: (no such host|its name can not be resolved now)\n$/,
      );
    });

    test('it never answers', async () => {
      using server = await Listening.on(createServer());
      const url = `https://127.0.0.1:${server.port}`;
      const start = performance.now();
      expect(await ask({}, '-s', url, '--request-timeout', '300ms')).toMatchObject({
        code: 2,
        stderr: `error: the API server at ${url} did not answer within 0.3 s (--request-timeout)\n`,
      });
      expect(performance.now() - start).toBeLessThan(10_000);
    });

    test('it begins to answer and stops', async () => {
      using server = await Listening.on(createPlainServer((_, response) => void response.writeHead(200).write('{"kind":')));
      const url = `http://127.0.0.1:${server.port}`;
      expect(await ask({}, '-s', url, '--request-timeout', '1')).toMatchObject({
        code: 2,
        stderr: `error: the API server at ${url} did not answer within 1 s (--request-timeout)\n`,
      });
    });

    test('it lets go in the middle', async () => {
      using server = await Listening.on(
        createPlainServer((_, response) => {
          response.writeHead(200, { 'Content-Length': 1000 }).write('{"kind":', () => response.destroy());
        }),
      );
      expect(await ask({}, '-s', `http://127.0.0.1:${server.port}`)).toMatchObject({
        code: 2,
        stderr: `error: the API server at http://127.0.0.1:${server.port} can't be reached: the connection was reset\n`,
      });
    });

    test.each([
      ['pages', 'text/html', '<html></html>', 'speaks no Kubernetes: GET /api/v1/namespaces/pay gave text/html'],
      ['objects of its own', 'application/json', '{"hello":"world"}', 'speaks no Kubernetes: GET /api/v1/namespaces/'],
    ])('it has %s', async (_, type, body, message) => {
      using server = await Listening.on(
        createPlainServer(({ url = '' }, response) => {
          // The answer to one question is enough; the others wait.
          if (type !== 'text/html' || url === '/api/v1/namespaces/pay') response.writeHead(200, { 'Content-Type': type }).end(body);
        }),
      );
      const ran = await ask({}, '-s', `http://127.0.0.1:${server.port}`);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain(`error: http://127.0.0.1:${server.port} answers, but ${message}`);
    });

    test('TLS where there is none, and none where there is', async () => {
      using server = await Listening.on(createPlainServer());
      expect(await ask({}, '-s', `https://127.0.0.1:${server.port}`)).toMatchObject({
        code: 2,
        stderr: `error: https://127.0.0.1:${server.port}: the server speaks no TLS: its URL may begin with http://\n`,
      });
      const plain = world.plane.server.replace('https:', 'http:');
      const ran = await ask({}, '-s', plain);
      expect(ran.stderr).toContain(`${plain} answers, but speaks no Kubernetes`);
      expect(ran.stderr).toContain('a server that speaks TLS is named with https://');
    });

    test('a flag that says nothing', async () => {
      expect(await ask({}, '-s', '127.0.0.1:6443')).toMatchObject({
        code: 2,
        stderr: 'error: the server 127.0.0.1:6443 is no URL: it must begin with https:// or http://\n',
      });
      expect(await ask({}, '--request-timeout', 'soon')).toMatchObject({
        code: 2,
        stderr: 'error: --request-timeout: soon must be a number of seconds or have a unit: 1s, 2m, 3h\n',
      });
      expect(await ask({}, '-f', 'examples/production', '--context', 'x')).toMatchObject({
        code: 2,
        stderr: 'error: -f reads files and --context names a cluster: give one of them\n',
      });
    });
  });

  describe('a proxy', () => {
    /** Tunnels to wherever it is asked to. */
    function tunnels(asked: string[]): Server {
      const server = createPlainServer();
      server.on('connect', ({ url = '' }, client: Socket) => {
        asked.push(url);
        const [host = '', port] = url.split(':');
        const far = connect(Number(port), host, () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          far.pipe(client).pipe(far);
        });
        far.on('error', () => client.destroy());
        client.on('error', () => far.destroy());
      });
      return server;
    }

    /** Tunnels as well, and speaks SOCKS 5 without a password. Source: RFC 1928. */
    function socks(asked: string[]): Server {
      return createServer(async (client) => {
        client.on('error', () => undefined);
        await once(client, 'data');
        client.write(Buffer.from([5, 0]));
        const [wish] = (await once(client, 'data')) as [Buffer];
        const [port, host] = [wish.readUInt16BE(wish.length - 2), wish.subarray(4, -2)];
        asked.push(`${wish[3] === 1 ? host.join('.') : host.subarray(1)}:${port}`);
        const far = connect(port, '127.0.0.1', () => {
          client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          far.pipe(client).pipe(far);
        });
        far.on('error', () => client.destroy());
      });
    }

    test.each(['http', 'socks5'])('of the kubeconfig is gone through: %s', async (scheme) => {
      const asked: string[] = [];
      using proxy = await Listening.on(scheme === 'http' ? tunnels(asked) : socks(asked));
      const { certificate, key } = world.plane.admin;
      const user = { 'client-certificate': certificate, 'client-key': key };
      const kubeconfig = world.plane.kubeconfig('proxied', user, { 'proxy-url': `${scheme}://127.0.0.1:${proxy.port}` });
      expect(await ask({ KUBECONFIG: kubeconfig })).toMatchObject(answered);
      expect(new Set(asked)).toEqual(new Set([world.plane.server.replace('https://', '')]));
      expect(lastUser()).toBe('admin');
    });

    test('that is not there is said', async () => {
      const kubeconfig = world.plane.kubeconfig('unproxied', { token: 'token-of-dev' }, { 'proxy-url': 'http://127.0.0.1:1' });
      expect(await ask({ KUBECONFIG: kubeconfig })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("can't be reached: connection refused"),
      });
    });
  });

  test('kubectl proxy is a server, too', async () => {
    const port = String(await freePort());
    const line = `kubectl proxy --port ${port} >/dev/null & trap "kill $!" EXIT; for _ in $(seq 100); do sleep 0.1; kubectl -s http://127.0.0.1:${port} get ns >/dev/null 2>&1 && break; done; sallyport ${question.join(' ')} -s http://127.0.0.1:${port}`;
    expect(await world.bash(line)).toMatchObject(answered);
  });
}

async function freePort(): Promise<number> {
  using listening = await Listening.on(createServer());
  return listening.port;
}
