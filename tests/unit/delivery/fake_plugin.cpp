#include "fake_plugin.hpp"

#include <cstdlib>
#include <cstring>
#include <iterator>

namespace csiem::test {
namespace {

std::mutex scripts_mutex;
std::map<std::string, Script*> scripts;

csiem_str str(std::string_view text) { return {text.data(), text.size()}; }
std::string text(const csiem_str& slice) { return slice.ptr == nullptr ? "" : std::string(slice.ptr, slice.len); }

csiem_status create(const csiem_create_args* args, void** self, csiem_error* error) {
  auto made = std::make_unique<FakeInstance>();
  {
    const std::lock_guard lock(scripts_mutex);
    made->script = scripts.at(text(args->instance_name));
  }
  made->instance = args->instance;
  made->settings = text(args->config_json);
  const auto service = [&](const char* id) { return args->host->service(args->host, id); };
  made->http = static_cast<const csiem_http_v1*>(service(CSIEM_SERVICE_HTTP));
  made->delivery = static_cast<const csiem_delivery_v1*>(service(CSIEM_SERVICE_DELIVERY));
  made->runtime = static_cast<const csiem_runtime_v1*>(service(CSIEM_SERVICE_RUNTIME));
  made->secrets = static_cast<const csiem_secrets_v1*>(service(CSIEM_SERVICE_SECRETS));
  made->log = static_cast<const csiem_log_v1*>(service(CSIEM_SERVICE_LOG));
  made->metrics = static_cast<const csiem_metrics_v1*>(service(CSIEM_SERVICE_METRICS));
  if (made->script->on_create) {
    const csiem_status status = made->script->on_create(*made);
    if (status != CSIEM_OK) {
      error->len = static_cast<uint32_t>(std::strlen(std::strcpy(error->text, "endpoint: not a URL")));
      return status;
    }
  }
  ++made->script->alive;
  made->script->instances.push_back(made.get());
  *self = made.release();
  return CSIEM_OK;
}

void destroy(void* self) {
  auto* instance = static_cast<FakeInstance*>(self);
  --instance->script->alive;
  delete instance;
}

csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error*) {
  auto& instance = *static_cast<FakeInstance*>(self);
  Seen seen;
  seen.settings = instance.settings;
  for (uint32_t i = 0; i < batch->count; ++i) {
    seen.ids.push_back(text(batch->events[i]->event_id));
    if (batch->bodies != nullptr) seen.bodies.push_back(text(batch->bodies[i]));
  }
  seen.attempt = batch->attempt;
  seen.token = token;
  seen.batch_id = batch->batch_id;
  seen.key = text(batch->idempotency_key);
  instance.script->saw(std::move(seen));
  if (instance.script->on_submit) return instance.script->on_submit(instance, *batch, token);
  instance.complete(token, CSIEM_DELIVERED);
  return CSIEM_OK;
}

void cancel(void* self, uint64_t token) {
  auto& instance = *static_cast<FakeInstance*>(self);
  instance.script->cancelled(token);
  if (instance.script->on_cancel) instance.script->on_cancel(instance, token);
}

csiem_status health(void* self, uint64_t token, csiem_error* error) {
  auto& instance = *static_cast<FakeInstance*>(self);
  instance.script->health_tokens.push_back(token);
  if (instance.script->on_health) return instance.script->on_health(instance, token, error);
  return instance.complete(token, CSIEM_DELIVERED);
}

csiem_status format_create(const csiem_create_args*, void** self, csiem_error*) {
  static int nothing;
  *self = &nothing;
  return CSIEM_OK;
}
void format_destroy(void*) {}

csiem_status put(csiem_writer* out, std::string_view bytes) {
  if (static_cast<std::size_t>(out->end - out->cur) < bytes.size()) {
    const csiem_status status = out->grow(out, bytes.size());
    if (status != CSIEM_OK) return status;
  }
  std::memcpy(out->cur, bytes.data(), bytes.size());
  out->cur += bytes.size();
  return CSIEM_OK;
}

csiem_status encode(void*, const csiem_event* event, csiem_writer* out, csiem_error* error) {
  const std::string_view id(event->event_id.ptr, event->event_id.len);
  const csiem_status status = put(out, id);
  if (status != CSIEM_OK) return status;
  if (id.substr(0, 3) == "bad") {
    error->len = static_cast<uint32_t>(std::strlen(std::strcpy(error->text, "no such field")));
    return CSIEM_E_INVALID;
  }
  if (id.substr(0, 3) == "big") {
    const auto size = static_cast<std::size_t>(std::atoi(id.data() + 3));
    return put(out, std::string(size - id.size(), '.'));
  }
  return CSIEM_OK;
}

void done(void* user, const csiem_http_response* response) {
  auto* self = static_cast<FakeInstance::Call*>(user)->instance;
  const auto call = std::move(self->calls.extract(static_cast<FakeInstance::Call*>(user)).mapped());
  call->classify(*call->instance, call->token, *response);
}

}  // namespace

Script::Script(std::string exporter_id) : id_(std::move(exporter_id)) {
  const std::lock_guard lock(scripts_mutex);
  scripts[id_] = this;
}

Script::~Script() {
  const std::lock_guard lock(scripts_mutex);
  scripts.erase(id_);
}

csiem_status FakeInstance::complete(uint64_t token, int32_t outcome, const std::vector<Exception>& exceptions,
                                    uint32_t retry_after_ms, std::string_view code, std::string_view message) {
  std::vector<csiem_event_result> except;
  for (const Exception& e : exceptions) except.push_back({e.index, e.outcome, 0, 0, str(e.code), {}});
  csiem_batch_result result{};
  result.struct_size = sizeof result;
  result.outcome = outcome;
  result.retry_after_ms = retry_after_ms;
  result.except = except.data();
  result.except_count = static_cast<uint32_t>(except.size());
  result.except_stride = sizeof(csiem_event_result);
  result.code = str(code);
  result.message = str(message);
  return delivery->complete(instance, token, &result);
}

csiem_status FakeInstance::request(uint64_t token, const std::string& url, Classify classify, csiem_error* error,
                                   const std::vector<csiem_header>& headers, const std::string& body,
                                   const char* url_secret) {
  csiem_http_request request{};
  request.struct_size = sizeof request;
  request.url = str(url);
  if (url_secret != nullptr) request.url_secret = str(url_secret);
  request.headers = headers.data();
  request.header_count = static_cast<uint32_t>(headers.size());
  const csiem_str part = str(body);
  request.parts = &part;
  request.part_count = 1;
  auto call = std::make_unique<Call>(Call{this, token, std::move(classify), 0});
  const csiem_status status = http->send(instance, &request, &done, call.get(), &call->request_id, error);
  if (status == CSIEM_OK) {
    const Call* key = call.get();
    calls.emplace(key, std::move(call));
  }
  return status;
}

void FakeInstance::forget(uint64_t token) {
  for (auto at = calls.begin(); at != calls.end();) {
    const Call& call = *at->second;
    if (call.token == token) http->cancel(instance, call.request_id);
    at = call.token == token ? calls.erase(at) : std::next(at);
  }
}

void FakeInstance::classify_usual(FakeInstance& self, uint64_t token, const csiem_http_response& response) {
  int32_t outcome = CSIEM_RETRY;
  if (response.transport == CSIEM_TRANSPORT_OK) {
    if (response.status / 100 == 2) outcome = CSIEM_DELIVERED;
    if (response.status == 401) outcome = CSIEM_AUTH;
    if (response.status == 404) outcome = CSIEM_CONFIG;
    if (response.status == 400) outcome = CSIEM_REJECT;
    if (response.status == 413) outcome = CSIEM_SPLIT;
  }
  self.complete(token, outcome, {}, response.retry_after_ms);
}

plugin::Component fake_exporter(uint32_t flags) {
  plugin::Component component;
  component.kind = "exporter";
  component.name = "fake";
  component.version = "1.2.3";
  component.exporter.struct_size = sizeof(csiem_exporter_v1);
  component.exporter.flags = flags;
  component.exporter.create = &create;
  component.exporter.destroy = &destroy;
  component.exporter.submit = &submit;
  component.exporter.cancel = &cancel;
  return component;
}

plugin::Component fake_exporter_with_health(uint32_t flags) {
  plugin::Component component = fake_exporter(flags);
  component.exporter.health = &health;
  return component;
}

plugin::Component fake_format() {
  plugin::Component component;
  component.kind = "format";
  component.name = "plain";
  component.version = "4.5";
  component.content_type = "text/plain";
  component.format.struct_size = sizeof(csiem_format_v1);
  component.format.content_type = "text/plain";
  component.format.create = &format_create;
  component.format.destroy = &format_destroy;
  component.format.encode = &encode;
  return component;
}

}  // namespace csiem::test
