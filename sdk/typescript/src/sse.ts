import { In10ntError } from './errors.js';
import { pause } from './transport.js';
import type { Transport } from './transport.js';

const AGAIN_MS = 500;
const LONGEST_AGAIN_MS = 10_000;

/** One Server-Sent Event. */
export interface ServerSentEvent {
  id: string | undefined;
  event: string;
  data: string;
}

/** Cuts a stream of text into events, as the HTML standard says. */
export async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  let id: string | undefined;
  let event = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) {
            yield { id, event: event || 'message', data: data.join('\n') };
          }
          event = '';
          data = [];
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'id' && !text.includes('\0')) {
          id = text;
        } else if (field === 'event') {
          event = text;
        } else if (field === 'data') {
          data.push(text);
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * The messages of a stream, over any number of connections: after a cut it goes on behind the last event that was given out. Ends
 * when the server says that the stream is over.
 */
export async function* follow(
  transport: Transport,
  path: string,
  query: Record<string, string | undefined>,
  signal: AbortSignal | undefined,
  connected: () => void = () => undefined,
): AsyncGenerator<ServerSentEvent> {
  let last: string | undefined;
  let cuts = 0;
  for (;;) {
    signal?.throwIfAborted();
    const response = await transport.send('GET', path, {
      query: last === undefined ? query : {},
      headers: { Accept: 'text/event-stream', ...(last === undefined ? {} : { 'Last-Event-ID': last }) },
      ...(signal === undefined ? {} : { signal }),
    });
    connected();
    if (response.status === 204 || response.body === null) {
      return;
    }
    try {
      for await (const event of parse(response.body)) {
        cuts = 0;
        if (event.event === 'end') {
          return;
        }
        if (event.event === 'message') {
          yield event;
        }
        last = event.id ?? last;
      }
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof In10ntError) {
        throw cause;
      }
      transport.logger.debug(`the stream ${path} was cut: ${String(cause)}`);
    }
    await pause(Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** Math.min(cuts++, 5)), signal);
  }
}
