import { In10ntError } from './errors.js';
import { follow } from './sse.js';
import { pause, segment } from './transport.js';
import type { Transport } from './transport.js';
import type {
  CallOptions,
  Changes,
  InstanceIntegrations,
  IntegrationsConfig,
  McpConfig,
  PollOptions,
  Port,
  RunResult,
  Task,
  TaskEvent,
  Tool,
  Tree,
} from './types.js';

/** Something of one instance. */
abstract class Namespace {
  constructor(
    protected readonly transport: Transport,
    protected readonly path: string,
  ) {}
}

export class Tasks extends Namespace {
  list(options: CallOptions = {}): Promise<Task[]> {
    return this.transport.list<Task>(`${this.path}/tasks`, options, undefined);
  }

  getStatus(taskId: string, options: CallOptions = {}): Promise<Task> {
    return this.transport.json<Task>('GET', `${this.path}/tasks/${segment(taskId)}`, options);
  }

  /** Waits for the result; throws where the task fails, or isn't over within `maxPollTime`. */
  async poll(taskId: string, options: PollOptions = {}): Promise<RunResult> {
    const deadline = Date.now() + (options.maxPollTime ?? 600_000);
    for (;;) {
      const task = await this.getStatus(taskId, options);
      if (task.status !== 'processing') {
        return resultOf(task);
      }
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new In10ntError(`Task ${taskId} isn't over yet; it goes on, poll it again.`, {
          code: 'poll_timeout',
          taskId,
        });
      }
      await pause(Math.min(left, options.pollInterval ?? 2000), options.signal);
    }
  }

  cancel(taskId: string, options: CallOptions = {}): Promise<Task> {
    return this.transport.json<Task>('DELETE', `${this.path}/tasks/${segment(taskId)}`, options);
  }

  /** What the run tells, from its start, while it goes on; ends with the task. */
  async *events(taskId: string, options: CallOptions = {}): AsyncGenerator<TaskEvent> {
    const path = `${this.path}/tasks/${segment(taskId)}/events`;
    for await (const event of follow(this.transport, path, {}, options.signal)) {
      yield JSON.parse(event.data) as TaskEvent;
    }
  }
}

/** A task that is over, as the result of its run. */
export function resultOf(task: RunResult & { error?: { code: string; detail: string } }): RunResult {
  if (task.status !== 'completed') {
    throw new In10ntError(task.error?.detail ?? 'The task failed.', {
      code: task.error?.code ?? 'task_failed',
      taskId: task.taskId,
    });
  }
  return task;
}

export class Files extends Namespace {
  getChanges(options: CallOptions & { diff?: boolean } = {}): Promise<Changes> {
    return this.transport.json<Changes>('GET', `${this.path}/changes`, {
      ...options,
      query: { diff: options.diff },
    });
  }

  /** What is there now counts as unchanged from now on. */
  acceptChanges(options: CallOptions = {}): Promise<Changes> {
    return this.transport.json<Changes>('POST', `${this.path}/changes/baseline`, options);
  }

  tree(options: CallOptions & { path?: string; depth?: number } = {}): Promise<Tree> {
    return this.transport.json<Tree>('GET', `${this.path}/tree`, {
      ...options,
      query: { path: options.path, depth: options.depth },
    });
  }

  async read(path: string, options: CallOptions = {}): Promise<Uint8Array> {
    const response = await this.transport.send('GET', this.#of(path), options);
    return new Uint8Array(await response.arrayBuffer());
  }

  async readText(path: string, options: CallOptions = {}): Promise<string> {
    return new TextDecoder().decode(await this.read(path, options));
  }

  write(
    path: string,
    content: string | Uint8Array | ReadableStream<Uint8Array>,
    options: CallOptions = {},
  ): Promise<{ path: string; size: number }> {
    return this.transport.json('PUT', this.#of(path), { ...options, body: content as BodyInit });
  }

  async delete(path: string, options: CallOptions = {}): Promise<void> {
    await this.transport.send('DELETE', this.#of(path), options);
  }

  #of(path: string): string {
    return `${this.path}/files/${path.split('/').map(segment).join('/')}`;
  }
}

export class Ports extends Namespace {
  async list(options: CallOptions = {}): Promise<Port[]> {
    return (await this.transport.json<{ ports: Port[] }>('GET', `${this.path}/ports`, options)).ports;
  }

  async open(ports: number[], options: CallOptions = {}): Promise<Port[]> {
    const request = { ...options, json: { ports } };
    return (await this.transport.json<{ ports: Port[] }>('POST', `${this.path}/open-ports`, request)).ports;
  }

  getProxyUrl(port: number): string {
    return `${this.transport.baseURL}${this.path}/proxy/${port}`;
  }

  /** For a browser, which can't send a key with a page: add it as `?ticket=`. Good for five minutes. */
  ticket(port: number, options: CallOptions = {}): Promise<{ ticket: string; expiresAt: string }> {
    return this.transport.json('POST', `${this.path}/tickets`, { ...options, json: { for: 'port', port } });
  }
}

export class Tools extends Namespace {
  list(options: CallOptions = {}): Promise<Tool[]> {
    return this.transport.json<Tool[]>('GET', `${this.path}/tools`, options);
  }

  getMcpConfig(options: CallOptions = {}): Promise<McpConfig> {
    return this.transport.json<McpConfig>('GET', `${this.path}/mcp-config`, options);
  }
}

export class Integrations extends Namespace {
  get(options: CallOptions = {}): Promise<InstanceIntegrations> {
    return this.transport.json('GET', `${this.path}/integrations`, options);
  }

  set(config: IntegrationsConfig, options: CallOptions = {}): Promise<InstanceIntegrations> {
    return this.transport.json('POST', `${this.path}/integrations`, { ...options, json: config });
  }
}
