/* csiem/plugin.h - clawdstrike-siem plugin ABI, major version 1.
 * SPDX-License-Identifier: Apache-2.0
 *
 * C99, no dependencies. The rules that keep this header stable:
 *   1. The major version lives in the entry symbol name. v2 is a new symbol
 *      and a new header; one .so may export both.
 *   2. Structs marked GROWS carry struct_size first and are appended to, never
 *      reordered. A reader copies min(its size, struct_size) into a zeroed
 *      local. Structs marked FROZEN never change.
 *   3. New abilities arrive as new string ids ("csiem.http/2"), never as a
 *      changed meaning of an old one.
 *   4. Memory never changes owner. A pointer argument is borrowed until the
 *      call returns; csiem_batch and csiem_alert longer (see there).
 *   5. No call in either direction lets an exception, a longjmp or a signal
 *      escape.
 *   6. Strings are UTF-8 slices without terminator. ptr == NULL means absent,
 *      ptr != NULL with len == 0 means present and empty.
 *   7. Enumerations are int32_t; a value you do not know is not an error.
 */
#ifndef CSIEM_PLUGIN_H
#define CSIEM_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define CSIEM_ABI_MAJOR 1u
#define CSIEM_ABI_MINOR 1u
#define CSIEM_ABI_VERSION ((CSIEM_ABI_MAJOR << 16) | CSIEM_ABI_MINOR)
#define CSIEM_ABI_TEXT "1.1"
#define CSIEM_ENTRY_SYMBOL "csiem_plugin_v1"

#if defined(__GNUC__)
#define CSIEM_EXPORT __attribute__((visibility("default")))
#else
#define CSIEM_EXPORT
#endif

/* Plugins compile the callback types as noexcept (C++17 makes it part of the
 * type, so a throwing callback does not compile). The host must be able to
 * catch what a C or mis-built plugin lets through, so it drops the promise. */
#if defined(__cplusplus) && __cplusplus >= 201703L && !defined(CSIEM_HOST_BUILD)
#define CSIEM_NOEXCEPT noexcept
#else
#define CSIEM_NOEXCEPT
#endif

/* True when `member` lies inside the size its producer declared and is set. */
#define CSIEM_HAS(p, type, member)                                             \
  ((p)->struct_size >= offsetof(type, member) + sizeof((p)->member) &&         \
   (p)->member)

/* One line per component: an ELF note that tools read without loading the file
 * (owner "Clawdstrike", type 1, "key=value" lines). */
#define CSIEM_NOTE(kind, name, version)                                        \
  __asm__(".pushsection .note.clawdstrike,\"a\",%note\n\t.balign 4\n\t"        \
          ".long 12\n\t.long 72f-71f\n\t.long 1\n\t.asciz \"Clawdstrike\"\n"   \
          "71:\t.ascii \"abi=" CSIEM_ABI_TEXT "\\nkind=" kind "\\nname=" name     \
          "\\nversion=" version "\\n\"\n72:\t.balign 4\n\t.popsection\n")

#ifdef __cplusplus
extern "C" {
#endif

/* ---- basic values -------------------------------------------------------- */

typedef struct csiem_str { /* FROZEN */
  const char *ptr;
  size_t len;
} csiem_str;

typedef struct csiem_kv { /* FROZEN */
  csiem_str key, value;
} csiem_kv;

typedef int32_t csiem_status;
enum {
  CSIEM_OK = 0,
  CSIEM_E_INVALID = -1,     /* bad argument or configuration             */
  CSIEM_E_UNSUPPORTED = -2, /* not in this version                       */
  CSIEM_E_NOMEM = -3,
  CSIEM_E_BUSY = -4,   /* submit: keep the batch, offer it again later    */
  CSIEM_E_CLOSED = -5, /* unknown, completed or cancelled token           */
  CSIEM_E_LIMIT = -6,  /* a host cap: size, in-flight count, rate         */
  CSIEM_E_DENIED = -7, /* a host policy: origin not allowed, no such grant */
  CSIEM_E_INTERNAL = -8
};

/* Filled by the callee, storage owned by the caller; nothing to free. */
typedef struct csiem_error { /* FROZEN, 512 bytes */
  int32_t code;
  uint32_t len;
  char text[504];
} csiem_error;

/* ---- the event view ------------------------------------------------------ */

enum { CSIEM_SEV_INFO = 0, CSIEM_SEV_LOW, CSIEM_SEV_MEDIUM, CSIEM_SEV_HIGH, CSIEM_SEV_CRITICAL };
enum { CSIEM_TYPE_UNKNOWN = 0, CSIEM_TYPE_POLICY_VIOLATION, CSIEM_TYPE_POLICY_ALLOW, CSIEM_TYPE_GUARD_BLOCK,
       CSIEM_TYPE_GUARD_WARN, CSIEM_TYPE_SECRET_DETECTED, CSIEM_TYPE_EGRESS_BLOCKED, CSIEM_TYPE_FORBIDDEN_PATH,
       CSIEM_TYPE_PATCH_REJECTED, CSIEM_TYPE_SESSION_START, CSIEM_TYPE_SESSION_END };
enum { CSIEM_CATEGORY_UNKNOWN = 0, CSIEM_CATEGORY_AUTHENTICATION, CSIEM_CATEGORY_AUTHORIZATION, CSIEM_CATEGORY_FILE,
       CSIEM_CATEGORY_NETWORK, CSIEM_CATEGORY_PROCESS, CSIEM_CATEGORY_CONFIGURATION, CSIEM_CATEGORY_TOOL,
       CSIEM_CATEGORY_SESSION };
enum { CSIEM_OUTCOME_UNKNOWN = 0, CSIEM_OUTCOME_SUCCESS, CSIEM_OUTCOME_FAILURE };
enum { CSIEM_RESOURCE_UNKNOWN = 0, CSIEM_RESOURCE_FILE, CSIEM_RESOURCE_NETWORK, CSIEM_RESOURCE_PROCESS,
       CSIEM_RESOURCE_TOOL, CSIEM_RESOURCE_CONFIGURATION };
enum { CSIEM_INDICATOR_NONE = 0, CSIEM_INDICATOR_DOMAIN, CSIEM_INDICATOR_FILE_PATH, CSIEM_INDICATOR_PATTERN };

typedef struct csiem_event { /* GROWS; always passed by pointer */
  uint32_t struct_size;
  uint32_t flags;
  int64_t time_unix_ns;
  int64_t ingested_unix_ns; /* 0 = absent */
  int32_t type, category, outcome, severity;
  int32_t resource_type, indicator_type;
  int32_t resource_port; /* -1 = absent */
  int32_t decision_allowed;
  /* identity and time; the *_name twins keep unknown enum values readable */
  csiem_str schema_version, event_id, time_text;
  csiem_str type_name, category_name, outcome_name, severity_name, action;
  csiem_str agent_id, agent_name, agent_version, agent_type;
  csiem_str session_id, user_id, tenant_id, environment;
  csiem_str tactic, technique, indicator_type_name, indicator_value;
  csiem_str guard, reason, policy_hash, ruleset;
  csiem_str resource_type_name, resource_name, resource_path, resource_host;
  const csiem_kv *labels;
  uint64_t label_count;
  csiem_str metadata_json;  /* one JSON object */
  csiem_str canonical_json; /* the whole event after redaction */
} csiem_event;

/* Borrowed until the token is completed or let go, or cancel(token) returns. */
typedef struct csiem_batch { /* GROWS */
  uint32_t struct_size;
  uint32_t flags;
  uint32_t count;
  uint32_t attempt; /* 0 on the first try */
  uint64_t batch_id;
  int64_t deadline_mono_ns;
  const csiem_event *const *events; /* count pointers                   */
  const csiem_str *bodies;          /* count slices, or NULL: no format */
  csiem_str content_type;           /* of one body                      */
  csiem_str idempotency_key;        /* same on every attempt            */
} csiem_batch;

/* What an alerting exporter is asked to say; the host's alert engine owns all
 * state. Borrowed like a batch. */
enum { CSIEM_OP_TRIGGER = 1u << 0, CSIEM_OP_UPDATE = 1u << 1, CSIEM_OP_ACKNOWLEDGE = 1u << 2,
       CSIEM_OP_RESOLVE = 1u << 3, CSIEM_OP_DIGEST = 1u << 4, CSIEM_OP_HEARTBEAT = 1u << 5,
       CSIEM_OP_CHANGE = 1u << 6 };
typedef struct csiem_alert { /* GROWS */
  uint32_t struct_size;
  uint32_t operation; /* one CSIEM_OP_* bit */
  int32_t severity;   /* highest of this generation */
  uint32_t generation;
  csiem_str key, joined_key; /* on the wire; human readable */
  csiem_str handle;          /* what the platform returned earlier, or absent */
  uint64_t count, reported;
  int64_t first_unix_ns, last_unix_ns;
  const csiem_event *const *samples; /* newest last */
  const csiem_str *event_ids;
  uint32_t sample_count, event_id_count;
  const csiem_kv *route; /* destination keys chosen by the route */
  const struct csiem_alert *const *groups; /* digest only */
  uint32_t route_count, group_count;
} csiem_alert;

/* Append-only output buffer owned by the host. Fast path is inline. */
typedef struct csiem_writer { /* FROZEN */
  uint8_t *cur, *end;
  csiem_status (*grow)(struct csiem_writer *w, size_t need) CSIEM_NOEXCEPT;
  void *impl;
} csiem_writer;

/* ---- what the host offers ------------------------------------------------ */

typedef struct csiem_instance csiem_instance; /* opaque, one per created object */

#define CSIEM_SERVICE_LOG "csiem.log/1"
enum { CSIEM_LOG_TRACE = 0, CSIEM_LOG_DEBUG, CSIEM_LOG_INFO, CSIEM_LOG_WARN, CSIEM_LOG_ERROR };
typedef struct csiem_log_v1 { /* GROWS */
  uint32_t struct_size, reserved;
  int32_t (*enabled)(const csiem_instance *, int32_t level) CSIEM_NOEXCEPT;
  void (*write)(const csiem_instance *, int32_t level, csiem_str text,
                const csiem_kv *fields, uint32_t field_count) CSIEM_NOEXCEPT;
} csiem_log_v1;

#define CSIEM_SERVICE_CONFIG "csiem.config/1"
typedef struct csiem_config_v1 { /* GROWS; valid during create() only */
  uint32_t struct_size, reserved;
  csiem_status (*get_str)(const csiem_instance *, csiem_str key, csiem_str *out) CSIEM_NOEXCEPT;
  csiem_status (*get_i64)(const csiem_instance *, csiem_str key, int64_t *out) CSIEM_NOEXCEPT;
} csiem_config_v1;

#define CSIEM_SERVICE_HTTP "csiem.http/1"
typedef struct csiem_header { /* FROZEN */
  csiem_str name, value;
  csiem_str secret; /* credential name; the host appends its value on the wire */
} csiem_header;
enum { CSIEM_HTTP_GZIP = 1u << 0 };
typedef struct csiem_http_request { /* GROWS */
  uint32_t struct_size, flags;
  csiem_str method, url, url_secret; /* url_secret: credential appended to url */
  const csiem_header *headers;
  uint32_t header_count, timeout_ms;
  const csiem_str *parts; /* body = concatenation; copied before send returns */
  uint32_t part_count, max_response_bytes;
} csiem_http_request;
enum { CSIEM_TRANSPORT_OK = 0, CSIEM_TRANSPORT_DNS, CSIEM_TRANSPORT_CONNECT, CSIEM_TRANSPORT_TLS,
       CSIEM_TRANSPORT_TIMEOUT, CSIEM_TRANSPORT_RESET, CSIEM_TRANSPORT_CANCELLED };
enum { CSIEM_RESPONSE_TRUNCATED = 1u << 0, /* body longer than max_response_bytes     */
       CSIEM_RESPONSE_AMBIGUOUS = 1u << 1  /* no answer, yet it may have been processed */ };
typedef struct csiem_http_response { /* GROWS; valid during the callback */
  uint32_t struct_size, flags;
  int32_t transport, status;
  const csiem_kv *headers; /* names in lower case */
  uint32_t header_count, retry_after_ms;
  csiem_str body;
  uint64_t elapsed_ns;
} csiem_http_response;
typedef void (*csiem_http_done)(void *user, const csiem_http_response *) CSIEM_NOEXCEPT;
typedef struct csiem_http_v1 { /* GROWS */
  uint32_t struct_size, reserved;
  csiem_status (*send)(const csiem_instance *, const csiem_http_request *, csiem_http_done done,
                       void *user, uint64_t *request_id, csiem_error *) CSIEM_NOEXCEPT;
  void (*cancel)(const csiem_instance *, uint64_t request_id) CSIEM_NOEXCEPT;
} csiem_http_v1;

#define CSIEM_SERVICE_DELIVERY "csiem.delivery/1"
enum { CSIEM_DELIVERED = 0, /* acknowledged, or known to be there already  */
       CSIEM_RETRY = 1,     /* again later                                 */
       CSIEM_REJECT = 2,    /* never acceptable: dead letter               */
       CSIEM_SPLIT = 3,     /* too large as sent: smaller batches          */
       CSIEM_AUTH = 4,      /* refresh the credential, then again          */
       CSIEM_CONFIG = 5,    /* destination or settings wrong: park, alarm  */
       CSIEM_SKIPPED = 6    /* by design not sent: counts as filtered      */ };
typedef struct csiem_event_result { /* FROZEN; producer states the stride */
  uint32_t index;
  int32_t outcome, http_status;
  uint32_t reserved;
  csiem_str code, message;
} csiem_event_result;
typedef struct csiem_batch_result { /* GROWS */
  uint32_t struct_size;
  int32_t outcome; /* of every event that `except` does not list */
  uint32_t retry_after_ms;
  uint32_t except_count, except_stride, reserved;
  const csiem_event_result *except;
  csiem_str code, message; /* vendor's code and text, scrubbed by the host   */
  csiem_str handle;        /* alerting: what to hand back with the next one */
} csiem_batch_result;
typedef struct csiem_delivery_v1 { /* GROWS; any thread */
  uint32_t struct_size, reserved;
  csiem_status (*complete)(const csiem_instance *, uint64_t token, const csiem_batch_result *) CSIEM_NOEXCEPT;
  /* Since 1.1. The destination took the whole batch and will confirm it; the plugin does not read it any more. It
   * completes the token when the confirmation is there: what is not delivered then is read from the log and
   * submitted again, in other batches. For exporters with CSIEM_EXPORTER_ACKS. */
  csiem_status (*let_go)(const csiem_instance *, uint64_t token) CSIEM_NOEXCEPT;
} csiem_delivery_v1;

#define CSIEM_SERVICE_RUNTIME "csiem.runtime/1"
typedef void (*csiem_task)(void *user) CSIEM_NOEXCEPT;
typedef struct csiem_runtime_v1 { /* GROWS */
  uint32_t struct_size, reserved;
  int64_t (*mono_ns)(void) CSIEM_NOEXCEPT;
  int64_t (*unix_ns)(void) CSIEM_NOEXCEPT;
  void (*random)(void *out, size_t len) CSIEM_NOEXCEPT;
  csiem_status (*post)(const csiem_instance *, csiem_task, void *user) CSIEM_NOEXCEPT;
  csiem_status (*timer)(const csiem_instance *, uint32_t delay_ms, csiem_task, void *user,
                        uint64_t *timer_id) CSIEM_NOEXCEPT;
  void (*timer_cancel)(const csiem_instance *, uint64_t timer_id) CSIEM_NOEXCEPT;
} csiem_runtime_v1;

#define CSIEM_SERVICE_SECRETS "csiem.secrets/1"
typedef void (*csiem_secret_use)(void *user, csiem_str secret) CSIEM_NOEXCEPT;
typedef struct csiem_secrets_v1 { /* GROWS */
  uint32_t struct_size, reserved;
  /* The slice is readable inside `use` only; the host audits each call. */
  csiem_status (*borrow)(const csiem_instance *, csiem_str name, csiem_secret_use use, void *user) CSIEM_NOEXCEPT;
} csiem_secrets_v1;

#define CSIEM_SERVICE_SECRET_SINK "csiem.secret-sink/1"
typedef struct csiem_secret_sink_v1 { /* GROWS; for credential providers */
  uint32_t struct_size, reserved;
  csiem_status (*provide)(const csiem_instance *, uint64_t token, csiem_str value,
                          uint32_t ttl_seconds) CSIEM_NOEXCEPT;
} csiem_secret_sink_v1;

#define CSIEM_SERVICE_METRICS "csiem.metrics/1"
typedef struct csiem_metrics_v1 { /* GROWS */
  uint32_t struct_size, reserved;
  void (*count)(const csiem_instance *, csiem_str name, uint64_t delta) CSIEM_NOEXCEPT;
  void (*observe)(const csiem_instance *, csiem_str name, double value) CSIEM_NOEXCEPT;
} csiem_metrics_v1;

typedef struct csiem_host { /* GROWS */
  uint32_t struct_size, abi_version;
  const char *name, *version;
  const void *(*service)(const struct csiem_host *, const char *id) CSIEM_NOEXCEPT;
} csiem_host;

/* ---- what a plugin provides ---------------------------------------------- */

typedef struct csiem_create_args { /* GROWS */
  uint32_t struct_size, flags;
  const csiem_host *host;
  const csiem_instance *instance;
  csiem_str instance_name; /* "splunk-prod" */
  csiem_str config_json;   /* validated against the component's schema */
} csiem_create_args;

#define CSIEM_KIND_EXPORTER "csiem.exporter/1"
enum { CSIEM_EXPORTER_OWN_IO = 1u << 0,  /* brings its own protocol and thread   */
       CSIEM_EXPORTER_PARTIAL = 1u << 1, /* can tell results per event           */
       CSIEM_EXPORTER_ACKS = 1u << 2     /* completes after a later confirmation */ };
typedef struct csiem_limits { /* GROWS; the platform's, 0 = none; the host never exceeds them */
  uint32_t struct_size, max_events;
  uint64_t max_batch_bytes, max_event_bytes;
} csiem_limits;
typedef struct csiem_exporter_v1 { /* GROWS */
  uint32_t struct_size, flags;
  csiem_status (*create)(const csiem_create_args *, void **self, csiem_error *) CSIEM_NOEXCEPT;
  void (*destroy)(void *self) CSIEM_NOEXCEPT;
  csiem_status (*submit)(void *self, const csiem_batch *, uint64_t token, csiem_error *) CSIEM_NOEXCEPT;
  void (*cancel)(void *self, uint64_t token) CSIEM_NOEXCEPT;
  /* optional from here on */
  csiem_status (*health)(void *self, uint64_t token, csiem_error *) CSIEM_NOEXCEPT;
  csiem_status (*notify)(void *self, const csiem_alert *, uint64_t token, csiem_error *) CSIEM_NOEXCEPT;
  const csiem_limits *limits;
  uint64_t operations; /* CSIEM_OP_* bits that notify understands */
} csiem_exporter_v1;

#define CSIEM_KIND_FORMAT "csiem.format/1"
typedef struct csiem_format_v1 { /* GROWS */
  uint32_t struct_size, flags;
  const char *content_type; /* of one encoded event */
  csiem_status (*create)(const csiem_create_args *, void **self, csiem_error *) CSIEM_NOEXCEPT;
  void (*destroy)(void *self) CSIEM_NOEXCEPT;
  csiem_status (*encode)(void *self, const csiem_event *, csiem_writer *, csiem_error *) CSIEM_NOEXCEPT;
} csiem_format_v1;

#define CSIEM_KIND_ENRICHER "csiem.enricher/1"
enum { CSIEM_KEEP = 0, CSIEM_DROP = 1 };
typedef struct csiem_enricher_v1 { /* GROWS */
  uint32_t struct_size, flags;
  csiem_status (*create)(const csiem_create_args *, void **self, csiem_error *) CSIEM_NOEXCEPT;
  void (*destroy)(void *self) CSIEM_NOEXCEPT;
  /* Writes a JSON merge patch (or nothing) and says KEEP or DROP. */
  csiem_status (*apply)(void *self, const csiem_event *, csiem_writer *patch, int32_t *verdict,
                        csiem_error *) CSIEM_NOEXCEPT;
} csiem_enricher_v1;

#define CSIEM_KIND_CREDENTIALS "csiem.credentials/1"
typedef struct csiem_credentials_v1 { /* GROWS */
  uint32_t struct_size, flags;
  csiem_status (*create)(const csiem_create_args *, void **self, csiem_error *) CSIEM_NOEXCEPT;
  void (*destroy)(void *self) CSIEM_NOEXCEPT;
  /* Non-blocking; answers through csiem.secret-sink/1. */
  csiem_status (*fetch)(void *self, csiem_str name, uint64_t token, csiem_error *) CSIEM_NOEXCEPT;
} csiem_credentials_v1;

typedef struct csiem_component { /* GROWS */
  uint32_t struct_size, flags;
  const char *kind;           /* CSIEM_KIND_*                               */
  const char *name;           /* [a-z][a-z0-9_]{0,31}                       */
  const char *config_schema;  /* JSON Schema text, or NULL: takes no config */
  const char *default_format; /* exporters: "native", "ecs", ..., or "none" */
  const char *formats;        /* exporters: accepted, "ecs native *"        */
  const void *api;            /* the vtable of `kind`                       */
} csiem_component;

typedef struct csiem_plugin { /* GROWS; static storage in the plugin */
  uint32_t struct_size;
  uint32_t abi_version;  /* compiled with                        */
  uint32_t min_host_abi; /* refused on an older host, 0 = any 1.x */
  uint32_t reserved;
  const char *id; /* reverse domain: "com.example.acme" */
  const char *version, *vendor, *license, *description;
  const csiem_component *const *components;
  uint64_t component_count;
} csiem_plugin;

/* The only symbol a plugin exports. Must not allocate, log or start threads. */
typedef const csiem_plugin *(*csiem_plugin_entry)(uint32_t host_abi_version) CSIEM_NOEXCEPT;
CSIEM_EXPORT const csiem_plugin *csiem_plugin_v1(uint32_t host_abi_version) CSIEM_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
