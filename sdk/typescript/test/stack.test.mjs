// The client against a running stack: IN10NT_BASE_URL and IN10NT_API_KEY say where.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { In10ntClient, Instance } from '@in10nt/sdk';

const skip = process.env.IN10NT_BASE_URL ? false : 'no IN10NT_BASE_URL';
const name = `sdk-${Date.now().toString(36)}`;
let client;
let instance;

before(async () => {
  if (!skip) {
    client = new In10ntClient();
    instance = await client.instances.create({
      name,
      description: 'made by a test of the SDK',
      env: { API_KEY: 'secret' },
      labels: { made: 'by-sdk' },
    });
  }
});

after(async () => {
  await instance?.destroy();
});

test('an instance is found again by id, name and list', { skip }, async () => {
  assert.match(instance.instanceId, /^inst_[0-9a-z]{26}$/);
  assert.equal(instance.status, 'healthy');
  assert.equal((await Instance.connect(instance.instanceId)).name, name);
  assert.equal((await client.instances.getByName(name)).instanceId, instance.instanceId);
  assert.ok((await Instance.list()).some((other) => other.instanceId === instance.instanceId));
  assert.deepEqual(
    (await client.instances.list({ labels: { made: 'by-sdk' }, name })).map((found) => found.name),
    [name],
  );
  assert.equal((await instance.health()).status, 'healthy');
  assert.equal((await instance.refresh()).status, 'healthy');
});

test('prompts are one conversation, and what they change is seen', { skip }, async () => {
  const result = await instance.run('Create a file sdk.txt containing from-sdk', {
    model: 'anthropic/claude-sonnet-4.5',
    timeout: 300_000,
    maxTokens: 8000,
    system: 'Be brief.',
    background: false,
  });
  assert.equal(result.status, 'completed');
  assert.ok(result.tokensUsed > 0 && result.usage.cost > 0 && result.duration_ms > 0);
  assert.deepEqual(result.toolsUsed, ['write']);
  const changes = await instance.files.getChanges();
  assert.ok(changes.files.some((file) => file.path === 'sdk.txt' && file.status === 'added'));
  assert.ok((await instance.files.tree()).entries.some((entry) => entry.path === 'sdk.txt'));
  assert.equal((await instance.files.readText('sdk.txt')).trim(), 'from-sdk');
  const output = await instance.execute('cat /workspace/sdk.txt; exit 3');
  assert.equal(String(output).trim(), 'from-sdk');
  assert.equal(output.exitCode, 3);
});

test('a run in the background is polled, followed and cancelled', { skip }, async () => {
  const { taskId } = await instance.run('hello', { background: true });
  assert.equal((await instance.tasks.poll(taskId, { pollInterval: 50 })).status, 'completed');
  assert.equal((await instance.tasks.getStatus(taskId)).status, 'completed');
  assert.ok((await instance.tasks.list()).some((task) => task.taskId === taskId));
  const states = [];
  for await (const event of instance.tasks.events(taskId)) {
    if (event.type === 'state') {
      states.push(event.state);
    }
  }
  assert.deepEqual(states, ['queued', 'running', 'completed']);
  const long = await instance.run('Wait 60 seconds and say hello', { background: true });
  assert.equal((await instance.tasks.cancel(long.taskId)).state, 'cancelled');
  await assert.rejects(instance.tasks.poll(long.taskId), { code: 'cancelled' });
});

test('files and ports of the instance', { skip }, async () => {
  await instance.files.write('web/index.html', '<p>served</p>');
  assert.deepEqual(await instance.files.write('bytes', new Uint8Array([0, 255, 1])), { path: 'bytes', size: 3 });
  assert.deepEqual([...(await instance.files.read('bytes'))], [0, 255, 1]);
  await instance.files.delete('bytes');
  await assert.rejects(instance.files.read('bytes'), { code: 'file_not_found', status: 404 });
  await instance.execute(
    "cd web && (nohup node -e \"require('http').createServer((q, a) => a.end(require('fs').readFileSync('index.html'))).listen(5173, '127.0.0.1')\" >/dev/null 2>&1 &)" +
      ' ; for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/5173) 2>/dev/null && break; sleep 0.1; done',
  );
  assert.ok((await instance.ports.list()).some((port) => port.port === 5173));
  assert.ok((await instance.ports.open([5173, 3000, 8080])).every((port) => port.registered));
  assert.equal(instance.ports.getProxyUrl(5173), instance.getProxyUrl(5173));
  const { ticket } = await instance.ports.ticket(5173);
  const page = await fetch(`${instance.getProxyUrl(5173)}/?ticket=${ticket}`);
  assert.equal(await page.text(), '<p>served</p>');
  assert.ok((await instance.tools.list()).some((tool) => tool.name === 'bash'));
  assert.deepEqual(await instance.tools.getMcpConfig(), { mcpServers: {} });
});

test('lines come while commands write, until they are stopped', { skip }, async () => {
  const lines = [];
  let stop;
  await new Promise((resolve, failed) => {
    instance
      .streamLogs((log) => {
        lines.push(log);
        if (log.message === 'streamed') {
          resolve();
        }
      })
      .then(async (stopper) => {
        stop = stopper;
        await instance.execute('echo streamed');
      })
      .catch(failed);
  });
  stop();
  const line = lines.find((log) => log.message === 'streamed');
  assert.equal(line.type, 'stdout');
  assert.equal(line.source, 'execute');
  assert.ok(line.id > 0 && line.timestamp);
});

test('what the server does not have yet says so', { skip }, async () => {
  await assert.rejects(instance.snapshot(), { code: 'not_implemented', status: 501 });
  await assert.rejects(client.savedTemplates.list(), { code: 'not_implemented' });
  await assert.rejects(client.templates.list(), { code: 'not_implemented' });
});

test('integrations are set, told and in the environment', { skip }, async () => {
  const set = await instance.integrations.set({
    integrations: ['Slack', 'Notion'],
    integrationEnv: { SLACK_BOT_TOKEN: 'xoxb-of-a-test' },
  });
  assert.deepEqual(
    set.integrations.map(({ name, status }) => [name, status]),
    [['Slack', 'ready'], ['Notion', 'incomplete']],
  );
  while ((await instance.integrations.get()).applied !== true) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await instance.execute('printf %s "$SLACK_BOT_TOKEN"')).stdout, 'xoxb-of-a-test');
  await assert.rejects(instance.integrations.set({ integrations: ['Discord'] }), { code: 'discord_requires_moltbot' });
});

test('usage is counted, and an instance stops and starts', { skip }, async () => {
  const usage = await client.usage.getTokenUsage();
  assert.ok(usage.totalTokens > 0 && usage.lastUsage);
  assert.ok((await client.usage.getStats()).tasks.completed > 0);
  await instance.stop();
  assert.equal(instance.status, 'stopped');
  await assert.rejects(instance.run('hello'), { code: 'instance_stopped', status: 409 });
  await instance.restart();
  assert.equal(instance.status, 'healthy');
  assert.equal((await instance.run('hello')).status, 'completed');
});
