/* Names every struct of the interface, so that abidiff sees them. Built and compared, never installed.
 * SPDX-License-Identifier: Apache-2.0 */
#include <csiem/plugin.h>

CSIEM_EXPORT void csiem_abi_anchor(const csiem_plugin *, const csiem_component *, const csiem_exporter_v1 *,
                                   const csiem_format_v1 *, const csiem_enricher_v1 *, const csiem_credentials_v1 *,
                                   const csiem_create_args *, const csiem_limits *, const csiem_error *);
CSIEM_EXPORT void csiem_abi_anchor_services(const csiem_host *, const csiem_log_v1 *, const csiem_config_v1 *,
                                            const csiem_http_v1 *, const csiem_delivery_v1 *,
                                            const csiem_runtime_v1 *, const csiem_secrets_v1 *,
                                            const csiem_secret_sink_v1 *, const csiem_metrics_v1 *);
CSIEM_EXPORT void csiem_abi_anchor_data(const csiem_event *, const csiem_batch *, const csiem_alert *,
                                        const csiem_batch_result *, const csiem_event_result *, const csiem_writer *,
                                        const csiem_http_request *, const csiem_http_response *, const csiem_header *);

void csiem_abi_anchor(const csiem_plugin *a, const csiem_component *b, const csiem_exporter_v1 *c,
                      const csiem_format_v1 *d, const csiem_enricher_v1 *e, const csiem_credentials_v1 *f,
                      const csiem_create_args *g, const csiem_limits *h, const csiem_error *i) {
  (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i;
}
void csiem_abi_anchor_services(const csiem_host *a, const csiem_log_v1 *b, const csiem_config_v1 *c,
                               const csiem_http_v1 *d, const csiem_delivery_v1 *e, const csiem_runtime_v1 *f,
                               const csiem_secrets_v1 *g, const csiem_secret_sink_v1 *h, const csiem_metrics_v1 *i) {
  (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i;
}
void csiem_abi_anchor_data(const csiem_event *a, const csiem_batch *b, const csiem_alert *c,
                           const csiem_batch_result *d, const csiem_event_result *e, const csiem_writer *f,
                           const csiem_http_request *g, const csiem_http_response *h, const csiem_header *i) {
  (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i;
}
