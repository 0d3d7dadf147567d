#include "webhook/settings.hpp"

#include "common/authorization.hpp"
#include "common/http_text.hpp"
#include "common/text.hpp"
#include "webhook/templates_of.hpp"

namespace csiem::webhook {
namespace {

// A setting holds the address itself or the handle of a secret address, which has no "://".
bool is_address(std::string_view setting) noexcept { return setting.find("://") != std::string_view::npos; }

bool usable(const common::UrlParts& url) noexcept {
  return url.ok && (common::same_ignoring_case(url.scheme, "https") || common::is_plain_http(url));
}

Auth auth_of(const Config& config) {
  const std::string type = config.text("auth.type", "none");
  Auth auth;
  const auto need = [&](const char* secret) {
    auth.secret = config.secret(std::string("auth.") + secret);
    if (auth.secret.empty()) config.refuse(std::string("auth.") + secret, "type " + type + " needs " + secret);
  };
  if (type == "bearer") {
    auth.type = Auth::Type::bearer;
    need("token");
  } else if (type == "basic") {
    auth.type = Auth::Type::basic;
    auth.name = config.text("auth.username", "");
    need("password");
    if (auth.name.empty() || auth.name.find(':') != std::string::npos)
      config.refuse("auth.username", "username must be set and may not contain ':'");
  } else if (type == "header") {
    auth.type = Auth::Type::header;
    auth.name = config.text("auth.header_name", "");
    need("header_value");
    config.attempt([&] {
      common::check_header("auth.header_name", auth.name, "",
                           {"content-type", "idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature"});
    });
  } else if (type == "oauth2") {
    auth.type = Auth::Type::oauth2;
    need("client_secret");
  } else if (type == "mtls") {
    auth.type = Auth::Type::mtls;
  } else if (type != "none") {
    config.refuse("auth.type", "'" + type + "' is not known; use none, bearer, basic, header, oauth2 or mtls");
  }
  return auth;
}

ClientCredentials client_of(const Config& config) {
  ClientCredentials out;
  if (config.text("auth.type", "none") != "oauth2") return out;
  out.token_url = config.text("auth.token_url", "");
  const common::UrlParts parts = common::url_parts(out.token_url);
  const bool https = common::same_ignoring_case(parts.scheme, "https");
  const bool plain =
      common::is_plain_http(parts) && (common::is_loopback(parts) || config.boolean("allow_plain_http", false));
  if (!parts.ok)
    config.refuse("auth.token_url", "type oauth2 needs the https address of the token server");
  else if (!https && !plain)
    config.refuse("auth.token_url", "would carry the client's secret unencrypted; use https");
  out.client_id = config.text("auth.client_id", "");
  if (out.client_id.empty()) config.refuse("auth.client_id", "type oauth2 needs client_id");
  out.client_secret = config.secret("auth.client_secret");
  out.scope = config.text("auth.scope", "");
  out.audience = config.text("auth.audience", "");
  out.resource = config.text("auth.resource", "");
  out.in_body = config.text("auth.client_auth", "basic") == "post";
  return out;
}

Signing signing_of(const Config& config) {
  const std::string scheme = config.text("sign.scheme", "none");
  Signing signing;
  if (scheme == "none") return signing;
  signing.scheme = scheme == "standard-webhooks" ? Scheme::standard_webhooks
                   : scheme == "github"          ? Scheme::github
                                                 : Scheme::stripe;
  signing.secret = config.secret("sign.secret");
  signing.previous_secret = config.secret("sign.previous_secret");
  if (signing.secret.empty()) config.refuse("sign.secret", "scheme " + scheme + " needs secret");
  // One that cannot be read yet is looked at when it is used.
  for (const auto& [key, handle] :
       {std::pair("sign.secret", &signing.secret), std::pair("sign.previous_secret", &signing.previous_secret)}) {
    std::string problem;
    config.host().borrow(*handle, [&](std::string_view secret) {
      if (auto bytes = key_of(signing.scheme, secret, &problem)) common::wipe(*bytes);
    });
    if (!problem.empty()) config.refuse(key, problem);
  }
  // Receivers disagree on whether the bytes before or after compression are signed.
  if (config.text("compression", "none") != "none")
    config.refuse("compression", "cannot be combined with signatures; set compression = \"none\"");
  signing.header = config.text("sign.header", "");
  if (signing.scheme == Scheme::standard_webhooks) {
    if (!signing.header.empty()) config.refuse("sign.header", "the headers of standard-webhooks have fixed names");
    return signing;
  }
  if (signing.header.empty()) signing.header = signing.scheme == Scheme::github ? "X-Hub-Signature-256" : "X-Signature";
  config.attempt([&] {
    common::check_header("sign.header", signing.header, "",
                         {"authorization", "content-type", "idempotency-key", "webhook-id"});
  });
  return signing;
}

Shape shape_of(const Config& config) {
  Shape shape;
  const std::string framing = config.text("framing", "single");
  if (framing != "single" && framing != "array" && framing != "ndjson")
    config.refuse("framing", "'" + framing + "' is not single, array or ndjson");
  shape.framing = framing == "array" ? Framing::array : framing == "ndjson" ? Framing::ndjson : Framing::single;
  shape.envelope = config.boolean("envelope", true);
  shape.content_type = config.text("content_type", "");
  if (!common::is_header_value(shape.content_type)) config.refuse("content_type", "has a line break");
  read_body_template(config, shape);
  return shape;
}

Rules rules_of(const Config& config) {
  Rules rules;
  const auto codes = [&](const char* key, const char* fallback) {
    return config.attempt([&] { return Codes::parse(config.text(key, fallback), key); });
  };
  rules.success = codes("success_codes", "200-299");
  rules.retry = codes("retry_codes", "");
  rules.reject = codes("reject_codes", "");
  rules.success_body_contains = config.text("success_body_contains", "");
  rules.conflict_is_success = config.boolean("conflict_is_success", false);
  return rules;
}

std::vector<Destination::Header> headers_of(const Config& config, const Signing& signing, const Auth& auth) {
  std::vector<Destination::Header> out;
  for (const auto& [name, value] : config.members("headers")) {
    const std::string key = "headers." + name;
    config.attempt([&] {
      common::check_header(
          key, name, "",
          {"authorization", "content-type", "idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature"});
    });
    if (auth.type == Auth::Type::header && common::same_ignoring_case(name, auth.name))
      config.refuse(key, "is set by auth.header_name already");
    if (common::same_ignoring_case(name, signing.header)) config.refuse(key, "is set by sign already");
    Destination::Header header;
    header.name = name;
    // What stands for a secret is the path of the setting itself, with the route's before it.
    if (value.size() >= key.size() && value.compare(value.size() - key.size(), key.size(), key) == 0)
      header.secret = value;
    else if (!common::is_header_value(value))
      config.refuse(key, "has a line break or NUL in its value");
    else
      header.text = template_of(config, key, value, templates::Target::header);
    out.push_back(std::move(header));
  }
  return out;
}

// A secret address is not known to everybody who reads the log, so it is not part of any complaint.
void check_url(const Config& config, const char* key, const std::string& setting, bool carries_credentials) {
  const char* why = nullptr;
  const auto check = [&](std::string_view url) {
    const common::UrlParts parts = common::url_parts(url);
    if (!usable(parts))
      why = "is not an http or https URL";
    else if (carries_credentials && common::is_plain_http(parts) && !common::is_loopback(parts) &&
             !config.boolean("allow_plain_http", false))
      why = "http would carry the credentials unencrypted; use https or set allow_plain_http = true";
  };
  if (is_address(setting))
    check(setting);
  else
    config.host().borrow(setting, check);
  if (why != nullptr) config.refuse(key, why);
}

Destination destination_of(const Config& config, const Signing& signing, const Auth& auth) {
  const std::string url = config.secret("url");
  auto headers = headers_of(config, signing, auth);
  if (url.empty()) {
    config.refuse("url: missing");
    return {};
  }
  const bool credentials = auth.type != Auth::Type::none || signing.scheme != Scheme::none;
  check_url(config, "url", url, credentials);
  if (!is_address(url)) return Destination(url, {}, std::move(headers));
  auto address = template_of(config, "url", url, templates::Target::url);
  if (address.chooses_host() && config.strings("allow_hosts").empty())
    config.refuse("url", "an event chooses the host; set allow_hosts to the hosts that it may choose");
  if (address.chooses_host() && common::is_plain_http(common::url_parts(url)) &&
      !config.boolean("allow_plain_http", false))
    config.refuse("url", "http to a host that an event chooses; use https or set allow_plain_http = true");
  return Destination("", std::move(address), std::move(headers));
}

Health health_of(const Config& config, const Auth& auth) {
  Health health;
  health.method = config.text("health_method", "GET");
  const std::string url = config.secret("health_url");
  if (url.empty()) return health;
  (is_address(url) ? health.url : health.url_secret) = url;
  check_url(config, "health_url", url, auth.type != Auth::Type::none);
  return health;
}

}  // namespace

Settings Settings::read(const Config& config) {
  Settings out;
  out.method = config.text("method", "POST");
  if (out.method != "POST" && out.method != "PUT" && out.method != "PATCH")
    config.refuse("method", "'" + out.method + "' is not POST, PUT or PATCH");
  out.auth = auth_of(config);
  out.client = client_of(config);
  out.signing = signing_of(config);
  out.shape = shape_of(config);
  out.rules = rules_of(config);
  out.destination = destination_of(config, out.signing, out.auth);
  out.health = health_of(config, out.auth);
  out.gzip = config.text("compression", "none") == "gzip";
  out.include_allowed = config.boolean("include_allowed", true);
  out.max_body = static_cast<std::size_t>(config.integer("max_body_bytes", 1024 * 1024));
  return out;
}

}  // namespace csiem::webhook
