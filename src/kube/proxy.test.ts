import { describe, expect, test } from 'vitest';
import { proxyOfEnvironment } from './proxy.ts';

const proxy = 'http://proxy.example.com:3128';
const through = (server: string, noProxy = ''): boolean => proxyOfEnvironment(server, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }) === proxy;

describe('the proxy of the environment', () => {
  test.each([
    ['https://cluster.example.com', '', true],
    ['https://10.0.0.1:6443', '', true],
    ['https://localhost:6443', '', false],
    ['https://127.8.0.1:6443', '', false],
    ['https://[::1]:6443', '', false],
    ['https://[2001:db8::1]:6443', '', true],
    ['https://cluster.example.com', '*', false],
    ['https://cluster.example.com', 'other.com, example.com', false],
    ['https://cluster.example.com', 'cluster.example.com', false],
    ['https://cluster.example.com', '.example.com', false],
    ['https://cluster.example.com', '*.example.com', false],
    ['https://example.com', '.example.com', true],
    ['https://badexample.com', 'example.com', true],
    ['https://Cluster.Example.com', 'EXAMPLE.com', false],
    ['https://cluster.example.com:6443', 'example.com:6443', false],
    ['https://cluster.example.com', 'example.com:6443', true],
    ['https://cluster.example.com', 'example.com:443', false],
    ['https://10.0.0.1:6443', '10.0.0.0/8', false],
    ['https://10.0.0.1:6443', '10.0.0.1', false],
    ['https://10.0.0.1:6443', '10.0.0.1:6443', false],
    ['https://11.0.0.1:6443', '10.0.0.0/8,10.0.0.1', true],
    ['https://[2001:db8::1]:6443', '2001:db8::/32', false],
    ['https://[2001:db8::1]:6443', '2001:db8::1', false],
    ['https://cluster.example.com', '10.0.0.0/8', true],
  ])('for %s with NO_PROXY=%s: %s', (server, noProxy, isUsed) => expect(through(server, noProxy)).toBe(isUsed));

  test('is that of the scheme, in either letter case, with or without its own scheme', () => {
    expect(proxyOfEnvironment('http://a.example.com', { HTTPS_PROXY: proxy })).toBeUndefined();
    expect(proxyOfEnvironment('http://a.example.com', { http_proxy: 'proxy:80' })).toBe('http://proxy:80');
    expect(proxyOfEnvironment('https://a.example.com', { https_proxy: 'socks5://proxy' })).toBe('socks5://proxy');
    expect(proxyOfEnvironment('https://a.example.com', {})).toBeUndefined();
  });
});
