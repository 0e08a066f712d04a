import { In10ntClient } from './client.js';
import { In10ntError } from './errors.js';
import { Files, Integrations, Ports, Tasks, Tools, resultOf } from './namespaces.js';
import { follow } from './sse.js';
import { pause, segment } from './transport.js';
import type { Transport } from './transport.js';
import type {
  CallOptions,
  ClientConfig,
  CreateInstanceConfig,
  ExecuteOptions,
  ExecuteResult,
  Health,
  InstanceData,
  LogLine,
  RunOptions,
  RunResult,
  Snapshot,
  Task,
} from './types.js';

/** Some HTTP clients give up on an answer that doesn't begin within five minutes. */
const HOLD_S = 60;

/** A computer of an agent's own. */
export class Instance {
  readonly tasks: Tasks;
  readonly files: Files;
  readonly ports: Ports;
  readonly tools: Tools;
  readonly integrations: Integrations;
  readonly #transport: Transport;
  readonly #path: string;
  #data: InstanceData;

  /** Made by a client; see `create` and `connect`. */
  constructor(transport: Transport, data: InstanceData) {
    this.#transport = transport;
    this.#data = data;
    this.#path = `/instances/${segment(data.instanceId)}`;
    this.tasks = new Tasks(transport, this.#path);
    this.files = new Files(transport, this.#path);
    this.ports = new Ports(transport, this.#path);
    this.tools = new Tools(transport, this.#path);
    this.integrations = new Integrations(transport, this.#path);
  }

  static create(config: CreateInstanceConfig, client?: ClientConfig): Promise<Instance> {
    return new In10ntClient(client).instances.create(config);
  }

  static connect(instanceId: string, client?: ClientConfig): Promise<Instance> {
    return new In10ntClient(client).instances.get(instanceId);
  }

  static list(client?: ClientConfig): Promise<Instance[]> {
    return new In10ntClient(client).instances.list();
  }

  /** All that the last answer said of it. */
  get data(): InstanceData {
    return this.#data;
  }

  get instanceId(): string {
    return this.#data.instanceId;
  }

  get name(): string {
    return this.#data.name;
  }

  get status(): InstanceData['status'] {
    return this.#data.status;
  }

  get agentUrl(): string | undefined {
    return this.#data.agentUrl;
  }

  get createdAt(): string {
    return this.#data.createdAt;
  }

  get description(): string {
    return this.#data.description;
  }

  get region(): string {
    return this.#data.region;
  }

  get vmSize(): string {
    return this.#data.vmSize;
  }

  get env(): Record<string, string> | undefined {
    return this.#data.env;
  }

  get agentType(): InstanceData['agentType'] {
    return this.#data.agentType;
  }

  toJSON(): InstanceData {
    return this.#data;
  }

  /** Gives a prompt to the agent. Throws where the run fails; in the background, answers at once with the task's id. */
  async run(prompt: string, options: RunOptions = {}): Promise<RunResult> {
    const deadline = Date.now() + (options.maxPollTime ?? 600_000);
    if (options.waitForHealth ?? true) {
      await this.#healthy(options);
    }
    const background = options.background ?? false;
    const hold = Math.max(1, Math.min(HOLD_S, Math.floor((options.maxPollTime ?? 600_000) / 1000)));
    const task = await this.#transport.json<Task>('POST', `${this.#path}/run`, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(background ? {} : { headers: { Prefer: `wait=${hold}` } }),
      json: {
        prompt,
        model: options.model,
        provider: options.provider,
        timeout: options.timeout,
        max_tokens: options.maxTokens,
        system: options.system,
        tools: options.tools,
        autoTools: options.autoTools,
        retries: options.retries,
        async: background,
      },
    });
    if (background) {
      return task;
    }
    return task.status === 'processing'
      ? this.tasks.poll(task.taskId, { ...options, maxPollTime: Math.max(0, deadline - Date.now()) })
      : resultOf(task);
  }

  async #healthy(options: RunOptions): Promise<void> {
    const retries = options.healthCheckRetries ?? 40;
    for (let attempt = 0; attempt <= retries; attempt++) {
      const { status } = await this.health(options);
      // What is stopped won't become healthy: the run itself says so.
      if (status === 'healthy' || status === 'stopped') {
        return;
      }
      if (attempt < retries) {
        await pause(options.healthCheckDelay ?? 5000, options.signal);
      }
    }
    throw new In10ntError(`Instance ${this.instanceId} isn't healthy.`, { code: 'instance_not_healthy' });
  }

  health(options: CallOptions = {}): Promise<Health> {
    return this.#transport.json<Health>('GET', `${this.#path}/health`, signalOf(options));
  }

  /** Runs a command beside the agent; a non-zero exit code is no error. */
  async execute(command: string, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const result = await this.#transport.json<ExecuteResult>('POST', `${this.#path}/execute`, {
      ...signalOf(options),
      json: { command, timeout: options.timeout, cwd: options.cwd },
    });
    return Object.defineProperty(result, 'toString', { value: () => result.output, enumerable: false });
  }

  async refresh(options: CallOptions = {}): Promise<this> {
    this.#data = await this.#transport.json<InstanceData>('GET', this.#path, options);
    return this;
  }

  stop(options: CallOptions = {}): Promise<this> {
    return this.#change('stop', options);
  }

  start(options: CallOptions = {}): Promise<this> {
    return this.#change('start', options);
  }

  restart(options: CallOptions = {}): Promise<this> {
    return this.#change('restart', options);
  }

  async #change(what: string, options: CallOptions): Promise<this> {
    this.#data = await this.#transport.json<InstanceData>('POST', `${this.#path}/${what}`, options);
    return this;
  }

  /** For good: the workspace is gone. */
  async destroy(options: CallOptions = {}): Promise<void> {
    await this.#transport.send('DELETE', this.#path, options);
    this.#data = { ...this.#data, status: 'destroyed' };
  }

  snapshot(config: CallOptions & { name?: string; description?: string } = {}): Promise<Snapshot> {
    return this.#transport.json<Snapshot>('POST', `${this.#path}/snapshot`, {
      ...signalOf(config),
      json: { name: config.name, description: config.description },
    });
  }

  getProxyUrl(port: number): string {
    return this.ports.getProxyUrl(port);
  }

  /** Calls back with each log line from now on; goes on by itself after a cut. Answers with what stops it. */
  async streamLogs(
    onLog: (log: LogLine) => void,
    options: CallOptions & { onError?: (error: unknown) => void } = {},
  ): Promise<() => void> {
    const stopped = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stopped.signal]) : stopped.signal;
    await new Promise<void>((connected, failed) => {
      void (async () => {
        try {
          for await (const event of follow(this.#transport, `${this.#path}/logs`, {}, signal, connected)) {
            onLog(JSON.parse(event.data) as LogLine);
          }
        } catch (error) {
          failed(error);
          if (!signal.aborted) {
            (options.onError ?? ((e: unknown) => this.#transport.logger.error('the log stream ended', e)))(error);
          }
        }
      })();
    });
    return () => stopped.abort();
  }
}

function signalOf(options: CallOptions): CallOptions {
  return options.signal === undefined ? {} : { signal: options.signal };
}
