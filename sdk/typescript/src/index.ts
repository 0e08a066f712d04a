export { In10ntClient, Instances, SavedTemplates, Template, Templates, Usage } from './client.js';
export { In10ntError } from './errors.js';
export type { FieldError } from './errors.js';
export { Instance } from './instance.js';
export type { Files, Integrations, Ports, Tasks, Tools } from './namespaces.js';
export type * from './types.js';
