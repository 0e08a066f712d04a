// The client alone, against a server that misbehaves on purpose.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import http from 'node:http';
import { test } from 'node:test';
import { In10ntClient, In10ntError, Instance } from '@in10nt/sdk';

const INSTANCE = { instanceId: 'inst_1', name: 'n', status: 'healthy', createdAt: 'now', description: 'd' };

async function serving(handler, use) {
  const seen = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      handler(request, response, seen.length, body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const baseURL = `http://127.0.0.1:${server.address().port}`;
    await use({ apiKey: 'key', baseURL }, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

test('what may pass is tried again, as the same request', async () => {
  await serving(
    (request, response, count) => {
      if (count === 1) {
        request.socket.destroy();
      } else if (count === 2) {
        json(response, 503, { code: 'kafka_unavailable', detail: 'later' }, { 'Retry-After': '0' });
      } else {
        json(response, 201, INSTANCE);
      }
    },
    async (config, seen) => {
      const instance = await Instance.create({ name: 'n', description: 'd' }, config);
      assert.equal(instance.status, 'healthy');
      assert.equal(seen.length, 3);
      const keys = new Set(seen.map((request) => request.headers['idempotency-key']));
      assert.equal(keys.size, 1);
      assert.equal(seen[0].headers.authorization, 'Bearer key');
    },
  );
});

test('what is wrong is not tried again, and says what', async () => {
  await serving(
    (_, response) =>
      json(
        response,
        400,
        { code: 'invalid_request', detail: 'name: is required', errors: [{ field: 'name', message: 'is required' }] },
        { 'X-Request-Id': 'req_7' },
      ),
    async (config, seen) => {
      await assert.rejects(new In10ntClient(config).instances.create({}), (error) => {
        assert.ok(error instanceof In10ntError);
        assert.equal(error.code, 'invalid_request');
        assert.equal(error.status, 400);
        assert.equal(error.requestId, 'req_7');
        assert.deepEqual(error.errors, [{ field: 'name', message: 'is required' }]);
        return true;
      });
      assert.equal(seen.length, 1);
    },
  );
});

test('a run whose gateway lets go of it is polled to its end', async () => {
  let looks = 0;
  await serving(
    (request, response) => {
      if (request.url.endsWith('/health')) {
        json(response, 200, { status: 'healthy' });
      } else if (request.method === 'POST') {
        json(response, 202, { taskId: 'task_1', status: 'processing' });
      } else if (request.url.includes('/tasks/')) {
        const over = ++looks > 2;
        json(response, 200, { taskId: 'task_1', status: over ? 'completed' : 'processing', response: 'done' });
      } else {
        json(response, 200, INSTANCE);
      }
    },
    async (config, seen) => {
      const instance = await Instance.connect('inst_1', config);
      const result = await instance.run('x', { pollInterval: 5, maxTokens: 7 });
      assert.equal(result.response, 'done');
      const run = seen.find((request) => request.method === 'POST');
      assert.match(run.headers.prefer, /^wait=\d+$/);
      assert.equal(JSON.parse(run.body).max_tokens, 7);
    },
  );
});

test('a failed run is an error with its code', async () => {
  await serving(
    (_, response) =>
      json(response, 200, { ...INSTANCE, taskId: 'task_1', status: 'failed', error: { code: 'timeout', detail: 'long' } }),
    async (config) => {
      const instance = await Instance.connect('inst_1', config);
      await assert.rejects(instance.run('x', { waitForHealth: false }), { code: 'timeout', taskId: 'task_1' });
    },
  );
});

test('a stream goes on behind the last event after a cut, and its stop function stops it', async () => {
  const lines = [];
  let stop;
  await serving(
    (request, response) => {
      if (!request.url.includes('/logs')) {
        return json(response, 200, INSTANCE);
      }
      const from = Number(request.headers['last-event-id'] ?? 0);
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`: hello\r\n\r\nid: ${from + 1}\r\ndata: {"type":"stdout",\r\ndata: "message":"m${from + 1}"}\r\n\r\n`);
      if (from < 2) {
        setTimeout(() => request.socket.destroy(), 20);
      }
    },
    async (config, seen) => {
      const instance = await Instance.connect('inst_1', config);
      const three = new Promise((resolve) => {
        instance
          .streamLogs((log) => {
            lines.push(log.message);
            if (lines.length === 3) {
              resolve();
            }
          })
          .then((stopper) => (stop = stopper));
      });
      await three;
      stop();
      assert.deepEqual(lines, ['m1', 'm2', 'm3']);
      assert.deepEqual(
        seen.filter((request) => request.url.includes('/logs')).map((request) => request.headers['last-event-id']),
        [undefined, '1', '2'],
      );
    },
  );
});

test('a call that is aborted ends at once', async () => {
  await serving(
    () => undefined,
    async (config) => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 20);
      await assert.rejects(new In10ntClient(config).instances.get('inst_1', { signal: abort.signal }), {
        name: 'AbortError',
      });
    },
  );
});

test('all pages of a list are read', async () => {
  await serving(
    (request, response) => {
      const isFirst = !request.url.includes('cursor');
      json(
        response,
        200,
        [{ ...INSTANCE, name: isFirst ? 'a' : 'b' }],
        isFirst ? { Link: '</instances?limit=1000&cursor=c>; rel="next"' } : {},
      );
    },
    async (config) => {
      const found = await Instance.list(config);
      assert.deepEqual(
        found.map((instance) => instance.name),
        ['a', 'b'],
      );
    },
  );
});

test('without a key nothing is asked', () => {
  const before = process.env.IN10NT_API_KEY;
  delete process.env.IN10NT_API_KEY;
  try {
    assert.throws(() => new In10ntClient(), { code: 'missing_api_key' });
  } finally {
    if (before !== undefined) {
      process.env.IN10NT_API_KEY = before;
    }
  }
});

test('CommonJS gets the same', () => {
  const sdk = createRequire(import.meta.url)('@in10nt/sdk');
  assert.equal(typeof sdk.Instance.create, 'function');
});
