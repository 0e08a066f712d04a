import { In10ntError } from './errors.js';
import { Instance } from './instance.js';
import { Transport, pause, segment } from './transport.js';
import type {
  CallOptions,
  ClientConfig,
  ContainerTemplateData,
  CreateContainerTemplateConfig,
  CreateInstanceConfig,
  InstanceData,
  ListOptions,
  SavedTemplate,
  TokenUsage,
} from './types.js';

export class Instances {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async create(config: CreateInstanceConfig, options: CallOptions = {}): Promise<Instance> {
    return this.#instance(
      await this.#transport.json<InstanceData>('POST', '/instances', { ...options, json: config }),
    );
  }

  async get(instanceId: string, options: CallOptions = {}): Promise<Instance> {
    return this.#instance(
      await this.#transport.json<InstanceData>('GET', `/instances/${segment(instanceId)}`, options),
    );
  }

  /** The newest of this name that isn't destroyed. */
  async getByName(name: string, options: CallOptions = {}): Promise<Instance> {
    return this.#instance(
      await this.#transport.json<InstanceData>('GET', `/instances/by-name/${segment(name)}`, options),
    );
  }

  async list(options: ListOptions = {}): Promise<Instance[]> {
    const { labels, limit, signal, ...filters } = options;
    const query: Record<string, string> = { ...filters };
    for (const [key, value] of Object.entries(labels ?? {})) {
      query[`label.${key}`] = value;
    }
    const found = await this.#transport.list<InstanceData>(
      '/instances',
      signal === undefined ? { query } : { query, signal },
      limit,
    );
    return found.map((data) => this.#instance(data));
  }

  async createFromSavedTemplate(
    config: { templateName: string; newInstanceName: string },
    options: CallOptions = {},
  ): Promise<Instance> {
    return this.#instance(
      await this.#transport.json<InstanceData>('POST', '/instances/from-saved-template', {
        ...options,
        json: config,
      }),
    );
  }

  #instance(data: InstanceData): Instance {
    return new Instance(this.#transport, data);
  }
}

/** A Docker image that instances are made of. */
export class Template {
  readonly #transport: Transport;
  #data: ContainerTemplateData;

  constructor(transport: Transport, data: ContainerTemplateData) {
    this.#transport = transport;
    this.#data = data;
  }

  get data(): ContainerTemplateData {
    return this.#data;
  }

  get templateId(): string {
    return this.#data.templateId;
  }

  get name(): string {
    return this.#data.name;
  }

  get status(): ContainerTemplateData['status'] {
    return this.#data.status;
  }

  async waitUntilReady(
    options: CallOptions & { timeout?: number; pollInterval?: number } = {},
  ): Promise<this> {
    const deadline = Date.now() + (options.timeout ?? 300_000);
    for (;;) {
      this.#data = await this.#transport.json('GET', `/templates/${segment(this.templateId)}`, options);
      if (this.status === 'ready') {
        return this;
      }
      if (this.status === 'failed' || Date.now() >= deadline) {
        throw new In10ntError(this.#data.error ?? `Template ${this.templateId} is still ${this.status}.`, {
          code: this.status === 'failed' ? 'template_failed' : 'template_not_ready',
        });
      }
      await pause(options.pollInterval ?? 5000, options.signal);
    }
  }

  async delete(options: CallOptions = {}): Promise<void> {
    await this.#transport.send('DELETE', `/templates/${segment(this.templateId)}`, options);
  }
}

export class Templates {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async create(config: CreateContainerTemplateConfig, options: CallOptions = {}): Promise<Template> {
    return new Template(
      this.#transport,
      await this.#transport.json('POST', '/templates', { ...options, json: config }),
    );
  }

  async get(templateId: string, options: CallOptions = {}): Promise<Template> {
    return new Template(
      this.#transport,
      await this.#transport.json('GET', `/templates/${segment(templateId)}`, options),
    );
  }

  async list(options: CallOptions = {}): Promise<Template[]> {
    const found = await this.#transport.list<ContainerTemplateData>('/templates', options, undefined);
    return found.map((data) => new Template(this.#transport, data));
  }
}

export class SavedTemplates {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(options: CallOptions = {}): Promise<SavedTemplate[]> {
    return this.#transport.list<SavedTemplate>('/saved-templates', options, undefined);
  }

  async delete(name: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.send('DELETE', `/saved-templates/${segment(name)}`, options);
  }
}

export class Usage {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  getTokenUsage(options: CallOptions = {}): Promise<TokenUsage> {
    return this.#transport.json<TokenUsage>('GET', '/usage/tokens', options);
  }

  getStats(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.#transport.json('GET', '/usage/stats', options);
  }
}

/** All of the API for one key. */
export class In10ntClient {
  readonly instances: Instances;
  readonly templates: Templates;
  readonly savedTemplates: SavedTemplates;
  readonly usage: Usage;

  constructor(config: ClientConfig = {}) {
    const transport = new Transport(config);
    this.instances = new Instances(transport);
    this.templates = new Templates(transport);
    this.savedTemplates = new SavedTemplates(transport);
    this.usage = new Usage(transport);
  }
}
