import type { components } from './api.js';

/** What the gateway's OpenAPI document says; the shapes below that come from it are its. */
type Schemas = components['schemas'];

/** Every call takes one, and ends with an `AbortError` when it is aborted. */
export interface CallOptions {
  signal?: AbortSignal;
}

export interface Logger {
  debug(message: string, ...args: unknown[]): void;
  info(message: string, ...args: unknown[]): void;
  warn(message: string, ...args: unknown[]): void;
  error(message: string, ...args: unknown[]): void;
}

export interface ClientConfig {
  /** Default: `IN10NT_API_KEY` of the environment. */
  apiKey?: string;
  /** Default: `IN10NT_BASE_URL` of the environment, or the hosted product. */
  baseURL?: string;
  logger?: Logger;
  /** How often a request is made again after a failure that may pass. Default: 6. */
  maxRetries?: number;
  /** In place of the global one. */
  fetch?: typeof fetch;
}

export type AgentType = InstanceData['agentType'];

export type InstanceStatus = InstanceData['status'];

export type CreateInstanceConfig = Omit<Schemas['CreateInstance'], 'env'> & {
  /** A value that is undefined is left out. */
  env?: Record<string, string | undefined>;
  containerTemplateId?: string;
  vmImage?: string;
  integrations?: string[];
  integrationEnv?: Record<string, string | undefined>;
  snapshotId?: string;
};

export type Failure = Schemas['Failure'];

export type InstanceData = Schemas['Instance'] & {
  containerTemplateId?: string;
};

export interface ListOptions extends CallOptions {
  name?: string;
  status?: string;
  agentType?: AgentType;
  labels?: Record<string, string>;
  /** At most so many in all. Default: all there are. */
  limit?: number;
}

/** A server of the Model Context Protocol (streamable HTTP), reached from inside the instance; its tools are called `name_tool`. */
export type McpServerTool = Schemas['McpServer'];

/** The arguments are posted to `url` from inside the instance, as JSON; the model is offered it as `http_name`. */
export type HttpTool = Schemas['HttpTool'];

export interface RunOptions extends CallOptions {
  /** Default: `anthropic/claude-sonnet-4.5`. */
  model?: string;
  /** Default: `openrouter`. */
  provider?: string;
  maxTokens?: number;
  system?: string;
  /** Of the run itself, in milliseconds. Default: 480000. */
  timeout?: number;
  /** Milliseconds between two looks. Default: 2000. */
  pollInterval?: number;
  /** How long to wait for the result, in milliseconds. Default: 600000. */
  maxPollTime?: number;
  /** Default: 40. */
  healthCheckRetries?: number;
  /** Milliseconds. Default: 5000. */
  healthCheckDelay?: number;
  /** Default: true. */
  waitForHealth?: boolean;
  /** Answer at once, with the task's id. Default: false. */
  background?: boolean;
  /** Names switch tools of the agent on (those alone) or, behind a `!`, off; objects bring tools along for this run. */
  tools?: (string | McpServerTool | HttpTool)[];
  /** Default: true. */
  autoTools?: boolean;
  /** How often the run may be begun anew when its agent died while a tool was at work: 0 to 5. */
  retries?: number;
}

export interface PollOptions extends CallOptions {
  pollInterval?: number;
  maxPollTime?: number;
}

export interface RunResult extends Pick<
  Schemas['Task'],
  'usage' | 'duration_ms' | 'messageId' | 'toolsUsed' | 'completedAt'
> {
  response: string;
  tokensUsed: number;
  taskId?: string;
  status?: string;
}

export interface Task extends RunResult {
  taskId: string;
  instanceId: string;
  status: Schemas['Task']['status'];
  state: NonNullable<Schemas['Task']['state']>;
  prompt: string;
  createdAt: string;
  startedAt?: string;
  attempts: number;
  error?: Failure;
}

/** What a run tells while it goes on. */
export type TaskEvent =
  | { type: 'state'; state: Task['state']; at?: string; error?: Failure }
  | { type: 'text'; text: string }
  | {
      type: 'tool';
      tool: string;
      callId: string;
      status: string;
      input?: unknown;
      output?: string;
    }
  | { type: 'truncated' };

export type Health = Schemas['Health'];

export interface ExecuteOptions extends CallOptions {
  /** Milliseconds. Default: 120000, at most 3600000. */
  timeout?: number;
  /** Default: `/workspace`. */
  cwd?: string;
}

/** As a string it is its `output`. */
export type ExecuteResult = Schemas['Executed'] & { toString(): string };

export type FileChange = Changes['files'][number];

export type Changes = Schemas['Changes'];

export type TreeEntry = Tree['entries'][number];

export type Tree = Schemas['Tree'];

export type Port = Schemas['Ports']['ports'][number];

export interface Tool {
  name: string;
  description: string;
}

export interface McpConfig {
  mcpServers: Record<string, unknown>;
}

export interface IntegrationsConfig {
  integrations: string[];
  integrationEnv?: Record<string, string | undefined>;
  verify?: boolean;
}

export interface Integration {
  name: string;
  status: 'ready' | 'incomplete' | 'invalid' | 'unverified';
  variables: string[];
  missing: string[];
  /** What looks wrong, and may be right. */
  warnings: { variable?: string; message: string }[];
  verifiedAt?: string;
  /** The partner's own reason. */
  error?: string;
}

/** Names and states; values never come back. */
export interface InstanceIntegrations {
  integrations: Integration[];
  /** Whether the agent has them; pending: at the latest before its next task. */
  applied: true | 'pending';
}

export interface Snapshot {
  snapshotId: string;
  name: string;
  instanceId: string;
  createdAt: string;
  description?: string;
  status?: string;
  size?: number;
}

export interface SavedTemplate {
  name: string;
  snapshotId: string;
  instanceId: string;
  createdAt: string;
  description?: string;
  size?: number;
}

export interface CreateContainerTemplateConfig {
  name: string;
  image: string;
  registryType: 'dockerhub' | 'private' | 'gcr';
  description?: string;
  registryAuth?: Record<string, string>;
}

export interface ContainerTemplateData {
  templateId: string;
  name: string;
  status: 'building' | 'ready' | 'failed';
  image?: string;
  registryType?: string;
  description?: string;
  platformImage?: string;
  error?: string;
  createdAt?: string;
}

export interface TokenUsage {
  monthlyTokens: number;
  totalTokens: number;
  monthlyCost: number;
  totalCost: number;
  lastUsage: string | null;
}

/** One line of an instance's log; ids count from 1 in each instance. */
export type LogLine = components['schemas']['LogLine'];
