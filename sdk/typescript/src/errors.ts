/** One bad field of a request: which, and what would be right. */
export interface FieldError {
  field: string;
  message: string;
}

/** Everything that goes wrong is one of these. */
export class In10ntError extends Error {
  /** A stable word in snake_case, e.g. `instance_stopped`. */
  readonly code: string;
  /** The HTTP status; absent where no answer came, or where a task ended badly. */
  readonly status: number | undefined;
  /** Names the request in the server's logs. */
  readonly requestId: string | undefined;
  readonly errors: FieldError[];
  /** The task that failed, where it was one. */
  readonly taskId: string | undefined;

  constructor(
    message: string,
    details: {
      code: string;
      status?: number | undefined;
      requestId?: string | undefined;
      errors?: FieldError[] | undefined;
      taskId?: string | undefined;
      cause?: unknown;
    },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'In10ntError';
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.errors = details.errors ?? [];
    this.taskId = details.taskId;
  }
}
