#include "cli/plugin_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "delivery/abi_text.hpp"
#include "delivery/instance_services.hpp"

namespace csiem::cli {

struct PluginSession::Impl {
  std::vector<std::pair<std::string, std::string>> keys;  // handle, key of the credential store
  credentials::CredentialStore& credentials;
  std::shared_ptr<http::Policy> policy;
  boost::asio::io_context loop{1};
  std::optional<http::Client> client;
  plugin::CallSlot slot;
  std::string id;
  std::unique_ptr<plugin::ExporterInstance> instance;

  credentials::SecretRef secret(std::string_view handle) const {
    for (const auto& [known, key] : keys)
      if (known == handle) return credentials.get(key);
    return nullptr;
  }
};

PluginSession::PluginSession(const config::Exporter& exporter, credentials::CredentialStore& credentials,
                             Instead instead, std::function<void(const Exchange&)> saw)
    : impl_(new Impl{.keys = {},
                     .credentials = credentials,
                     .policy = {},
                     .client = {},
                     .slot = {},
                     .id = exporter.id,
                     .instance = {}}),
      instead_(std::move(instead)),
      saw_(std::move(saw)) {
  impl_->policy = delivery::http_policy(exporter, exporter.fallback);
  impl_->client.emplace(impl_->loop);
  for (const config::SecretBinding& binding : exporter.fallback.secrets) {
    if (binding.reference.empty()) {
      impl_->keys.emplace_back(binding.handle,
                               credentials.add_literal(exporter.id + "." + binding.handle, binding.literal));
      continue;
    }
    const std::string text = binding.reference.starts_with("cred:") ? binding.reference : "cred:" + binding.reference;
    if (auto reference = credentials::parse_reference(text))
      impl_->keys.emplace_back(binding.handle, credentials.add(*reference));
  }
}

PluginSession::~PluginSession() {
  impl_->client.reset();
  impl_->instance.reset();
}

Result<void> PluginSession::open(const plugin::Component& component, const std::string& settings_json) {
  auto made = plugin::ExporterInstance::create(component, *this, impl_->slot, impl_->id, settings_json);
  if (!made) return std::move(made).error();
  impl_->instance = *std::move(made);
  return {};
}

Result<std::optional<delivery::Verdict>> PluginSession::run(const csiem_batch& batch) {
  constexpr uint64_t kToken = 1;
  events_ = batch.count;
  std::string error;
  if (const csiem_status status = impl_->instance->submit(batch, kToken, &error); status != CSIEM_OK)
    return Error{Code::internal, error.empty() ? "submit failed with status " + std::to_string(status) : error, 3010};
  while (!verdict_ && !stopped_)
    if (impl_->loop.run_one() == 0) return Error{Code::internal, "the plugin waits for nothing", 3010};
  if (!verdict_) impl_->instance->cancel(kToken);
  return std::move(verdict_);
}

csiem_status PluginSession::http_send(const csiem_http_request& given, csiem_http_done done, void* user, uint64_t* id,
                                      csiem_error* error) {
  auto converted = delivery::convert_request(given, [this](std::string_view handle) { return impl_->secret(handle); });
  if (converted.status != CSIEM_OK) return converted.status;
  *id = 1;
  Exchange exchange{converted.request.method, converted.request.url, converted.request.body, {}};
  if (auto answer = instead_(converted.request)) {
    exchange.response = *std::move(answer);
    boost::asio::post(impl_->loop,
                      [this, done, user, exchange = std::move(exchange)] { answered(done, user, exchange); });
    return CSIEM_OK;
  }
  const auto sent = impl_->client->send(std::move(converted.request), impl_->policy,
                                        [this, done, user, exchange](const http::Response& response) mutable {
                                          exchange.response = response;
                                          answered(done, user, exchange);
                                        });
  if (sent) return CSIEM_OK;
  const std::string why = sent.error().what();
  error->code = CSIEM_E_DENIED;
  error->len = static_cast<uint32_t>(why.copy(error->text, sizeof error->text));
  return CSIEM_E_DENIED;
}

void PluginSession::answered(csiem_http_done done, void* user, const Exchange& exchange) {
  saw_(exchange);
  if (stopped_) return;
  const http::Response& response = exchange.response;
  std::vector<csiem_kv> headers;
  for (const auto& [name, value] : response.headers)
    headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  csiem_http_response out{};
  out.struct_size = sizeof out;
  out.transport = static_cast<int32_t>(response.transport);
  out.status = response.status;
  out.headers = headers.data();
  out.header_count = static_cast<uint32_t>(headers.size());
  out.retry_after_ms = response.retry_after_ms;
  out.body = {response.body.data(), response.body.size()};
  out.elapsed_ns = response.elapsed_ns;
  impl_->instance->http_done(done, user, out);
}

csiem_status PluginSession::complete(uint64_t, const csiem_batch_result& result) {
  verdict_ = delivery::read_verdict(result, events_);
  return CSIEM_OK;
}

csiem_status PluginSession::borrow_secret(std::string_view handle, csiem_secret_use use, void* user) {
  const auto value = impl_->secret(handle);
  if (!value) return CSIEM_E_DENIED;
  value->use([&](std::string_view text) { use(user, {text.data(), text.size()}); });
  return CSIEM_OK;
}

void PluginSession::log(int32_t level, std::string_view text, const csiem_kv*, uint32_t) {
  if (level >= CSIEM_LOG_WARN) warnings_.emplace_back(text);
}

}  // namespace csiem::cli
