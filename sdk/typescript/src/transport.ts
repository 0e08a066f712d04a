import { In10ntError } from './errors.js';
import type { FieldError } from './errors.js';
import type { CallOptions, ClientConfig, Logger } from './types.js';

const HOSTED = 'https://in10t-api-v2.fly.dev';
const PASSING = new Set([429, 502, 503, 504]);
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface Request extends CallOptions {
  query?: Record<string, string | number | boolean | undefined> | undefined;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
}

/** HTTP with the key, with retries that do nothing twice, and with errors that say what went wrong. */
export class Transport {
  readonly baseURL: string;
  readonly logger: Logger;
  readonly #apiKey: string;
  readonly #maxRetries: number;
  readonly #fetch: typeof fetch;

  constructor(config: ClientConfig = {}) {
    const apiKey = config.apiKey ?? variable('IN10NT_API_KEY');
    if (!apiKey) {
      throw new In10ntError('There is no API key: set IN10NT_API_KEY, or give apiKey to the client.', {
        code: 'missing_api_key',
      });
    }
    this.#apiKey = apiKey;
    this.baseURL = (config.baseURL ?? variable('IN10NT_BASE_URL') ?? HOSTED).replace(/\/+$/, '');
    this.logger = config.logger ?? SILENT;
    this.#maxRetries = config.maxRetries ?? 6;
    this.#fetch = config.fetch ?? globalThis.fetch.bind(globalThis);
  }

  async json<T>(method: string, path: string, request: Request = {}): Promise<T> {
    const response = await this.send(method, path, request);
    return (await response.json()) as T;
  }

  /** All pages of a list, up to a limit. */
  async list<T>(path: string, request: Request, limit: number | undefined): Promise<T[]> {
    const all: T[] = [];
    const page = Math.min(limit ?? 1000, 1000);
    let next: string | undefined = path;
    let query: Request['query'] = { ...request.query, limit: page };
    while (next !== undefined && (limit === undefined || all.length < limit)) {
      const response: Response = await this.send('GET', next, { ...request, query });
      all.push(...((await response.json()) as T[]));
      next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')?.[1];
      if (next !== undefined) {
        const url: URL = new URL(next, this.baseURL + '/');
        next = url.pathname.slice(new URL(this.baseURL + '/').pathname.replace(/\/$/, '').length) + url.search;
      }
      query = undefined;
    }
    return limit === undefined ? all : all.slice(0, limit);
  }

  /** An answer that isn't an error. A POST or DELETE that is made again is the same one, by its Idempotency-Key. */
  async send(method: string, path: string, request: Request = {}): Promise<Response> {
    const url = this.#url(path, request.query);
    const headers = new Headers(request.headers);
    headers.set('Authorization', `Bearer ${this.#apiKey}`);
    if (!headers.has('Accept')) {
      headers.set('Accept', 'application/json');
    }
    if (request.json !== undefined) {
      headers.set('Content-Type', 'application/json');
    }
    if ((method === 'POST' || method === 'DELETE') && !headers.has('Idempotency-Key')) {
      headers.set('Idempotency-Key', globalThis.crypto.randomUUID());
    }
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    const isRepeatable = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    for (let attempt = 0; ; attempt++) {
      const mayRepeat = isRepeatable && attempt < this.#maxRetries;
      let response: Response;
      try {
        this.logger.debug(`${method} ${path}`);
        response = await this.#fetch(url, {
          method,
          headers,
          ...(body === undefined ? {} : { body }),
          ...(request.signal === undefined ? {} : { signal: request.signal }),
          ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
        } as RequestInit);
      } catch (cause) {
        request.signal?.throwIfAborted();
        if (!mayRepeat) {
          throw new In10ntError(`${this.baseURL} doesn't answer: ${String(cause)}`, {
            code: 'connection_failed',
            cause,
          });
        }
        this.logger.warn(`${method} ${path} got no answer, once more: ${String(cause)}`);
        await pause(backoff(attempt), request.signal);
        continue;
      }
      if (response.ok || response.status === 304) {
        return response;
      }
      const error = await problem(response);
      if (!PASSING.has(response.status) || !mayRepeat) {
        throw error;
      }
      this.logger.warn(`${method} ${path}: ${error.message}; once more`);
      await pause(retryAfter(response) ?? backoff(attempt), request.signal);
    }
  }

  #url(path: string, query: Request['query']): string {
    const url = new URL(this.baseURL + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) {
        url.searchParams.set(name, String(value));
      }
    }
    return url.toString();
  }
}

/** One element of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}

function variable(name: string): string | undefined {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env;
  return environment?.[name] || undefined;
}

function backoff(attempt: number): number {
  const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return most / 2 + (Math.random() * most) / 2;
}

/** In seconds or as a date, as RFC 9110 says. */
function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('Retry-After');
  if (value === null) {
    return undefined;
  }
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.min(ms, 60_000));
}

export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

async function problem(response: Response): Promise<In10ntError> {
  const text = await response.text();
  const requestId = response.headers.get('X-Request-Id') ?? undefined;
  try {
    const body = JSON.parse(text) as { detail?: string; error?: string; code?: string; errors?: FieldError[] };
    return new In10ntError(body.detail ?? body.error ?? `HTTP ${response.status}`, {
      code: body.code ?? 'http_error',
      status: response.status,
      requestId,
      errors: body.errors,
    });
  } catch {
    return new In10ntError(`HTTP ${response.status}`, { code: 'http_error', status: response.status, requestId });
  }
}
