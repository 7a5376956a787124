// A line for each request: envoy.config.accesslog.v3.AccessLog.
import type { JsonObject } from '../../lib/json.ts';
import type { AccessLog } from '../../model/mesh-defaults.ts';

/** The field `access_log`; none where no log is written. */
export function emitAccessLog(log: AccessLog | null): JsonObject {
  if (log === null) return {};
  const { path, format } = log;
  return {
    access_log: [
      {
        name: 'envoy.access_loggers.file',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
          path,
          ...(format !== null && { log_format: { text_format_source: { inline_string: format } } }),
        },
      },
    ],
  };
}
