#include "http/transfer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "http/address.hpp"
#include "http/classify.hpp"
#include "http/retry_after.hpp"

namespace csiem::http {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
// libcurl copies the body through a buffer of this size, one send() each time.
constexpr long kUploadBufferBytes = 512L * 1024;
constexpr std::size_t kKeepCompressedBytes = 4 * 1024 * 1024;

std::string_view trim(std::string_view text) {
  static constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

void wipe(std::string& text) noexcept {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

const char* text_or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

Result<void> check_proxy(const std::string& proxy) {
  if (proxy.empty()) return {};
  const ParsedUrl url(curl_url());
  char* scheme = nullptr;
  if (curl_url_set(url.get(), CURLUPART_URL, proxy.c_str(), CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME) !=
          CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
    return Error{Code::invalid, "proxy: not a URL of the form http://host:port"};
  const CurlString owned(scheme);
  static constexpr std::string_view kSchemes[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  if (std::find(std::begin(kSchemes), std::end(kSchemes), scheme) == std::end(kSchemes))
    return Error{Code::invalid,
                 std::string("proxy: scheme '") + scheme + "' is not one of http, https, socks4, socks5"};
  return {};
}

// "https://[::1]:443" -> "::1".
std::string_view host_of(std::string_view origin) {
  origin.remove_prefix(origin.find("://") + 3);
  origin = origin.substr(0, origin.rfind(':'));
  return origin.starts_with('[') ? origin.substr(1, origin.size() - 2) : origin;
}

bool is_allowed(const Policy& policy, const std::string& origin) {
  const auto& allowed = policy.allowed_origins;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
    const auto normal = origin_of(entry);
    return normal && *normal == origin;
  });
}

}  // namespace

Environment Environment::read() {
  // Upper-case HTTP_PROXY is left out on purpose: in CGI-like surroundings a client can set it.
  return {variable({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
          variable({"http_proxy", "all_proxy", "ALL_PROXY"}), variable({"no_proxy", "NO_PROXY"}),
          variable({"SSL_CERT_FILE"})};
}

Transfer::Transfer() {
  start_libcurl();
  easy_.reset(curl_easy_init());
  if (easy_) set_constant_options();
}

Transfer::~Transfer() { clear(); }

Transfer& Transfer::of(CURL* easy) {
  void* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<Transfer*>(self);
}

void Transfer::set_constant_options() {
  CURL* const e = easy_.get();
  const auto default_of = [e](CURLINFO which) {
    const char* text = nullptr;
    curl_easy_getinfo(e, which, &text);
    return std::string(text != nullptr ? text : "");
  };
  system_ca_file_ = default_of(CURLINFO_CAINFO);
  system_ca_path_ = default_of(CURLINFO_CAPATH);
  curl_easy_setopt(e, CURLOPT_PRIVATE, this);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs must not hang the loop with it
  curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 60L);
  curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, 90L);
  curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, 300L);
  curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 300L);
  curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 15L);
  curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, &Transfer::on_request);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, &Transfer::on_socket_options);
  curl_easy_setopt(e, CURLOPT_SOCKOPTDATA, this);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, this);
}

void Transfer::apply_policy(const Environment& environment) {
  CURL* const e = easy_.get();
  const TlsPolicy& tls = policy_->tls;
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION,
                   static_cast<long>(tls.min_version == "1.3" ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(e, CURLOPT_SSL_CIPHER_LIST, "ECDHE+AESGCM:ECDHE+CHACHA20");  // those of TLS 1.2; 1.3 has its own
  const std::string& ca_file = tls.ca_file.empty() ? environment.ca_file : tls.ca_file;
  // A CA of one's own stands alone: the system's are not trusted beside it.
  curl_easy_setopt(e, CURLOPT_CAINFO, text_or_null(ca_file.empty() ? system_ca_file_ : ca_file));
  curl_easy_setopt(e, CURLOPT_CAPATH, ca_file.empty() ? text_or_null(system_ca_path_) : nullptr);
  curl_easy_setopt(e, CURLOPT_SSLCERT, text_or_null(tls.cert_file));
  curl_easy_setopt(e, CURLOPT_SSLKEY, text_or_null(tls.key_file));
  curl_easy_setopt(e, CURLOPT_KEYPASSWD, nullptr);
  if (tls.key_passphrase)
    tls.key_passphrase->use([e](std::string_view passphrase) {
      std::string text(passphrase);
      curl_easy_setopt(e, CURLOPT_KEYPASSWD, text.c_str());
      wipe(text);
    });
  curl_easy_setopt(e, CURLOPT_USERAGENT, policy_->user_agent.c_str());
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(policy_->connect_timeout_ms));
}

Result<void> Transfer::prepare(Request request, std::shared_ptr<const Policy> policy, const Environment& environment,
                               Gzip& gzip) {
  if (!easy_) return Error{Code::limit, "no memory for a request"};
  request_ = std::move(request);
  started_ns_ = system_clock().mono_ns();
  if (policy != policy_) {
    policy_ = std::move(policy);
    apply_policy(environment);
  }
  if (!is_token(request_.method) || request_.method.size() > 32)
    return Error{Code::invalid, "the request's method is not a token"};
  CS_CHECK(set_target());
  CS_CHECK(headers_.build(request_.headers, request_.gzip && !request_.body.empty()));
  CS_CHECK(check_proxy(policy_->proxy));
  CS_CHECK(set_body(gzip));
  // Always said explicitly, "" for none, so that libcurl does not look into the environment itself.
  const bool own_proxy = !policy_->proxy.empty();
  const std::string& proxy = own_proxy ? policy_->proxy : https_ ? environment.https_proxy : environment.http_proxy;
  curl_easy_setopt(easy_.get(), CURLOPT_PROXY, proxy.c_str());
  // The addresses behind a proxy are the proxy's to judge; a host that an event chose gets no way around it.
  const bool through = own_proxy || (trust_ != Trust::operators && !proxy.empty());
  curl_easy_setopt(easy_.get(), CURLOPT_NOPROXY, through ? "" : environment.no_proxy.c_str());
  if (!proxy.empty() && trust_ != Trust::operators) trust_ = Trust::operators;
  set_request_options();
  return {};
}

Result<void> Transfer::set_target() {
  url_.reserve(request_.url.size() + (request_.url_secret ? request_.url_secret->size() : 0) + 1);
  url_ = request_.url;
  if (request_.url_secret) request_.url_secret->use([this](std::string_view secret) { url_ += secret; });
  CS_TRY(origin, origin_of(url_));  // of the whole: a secret may be all of the URL
  trust_ = Trust::operators;
  if (!is_allowed(*policy_, origin)) {
    if (!matches_host(policy_->allowed_hosts, host_of(origin)))
      return Error{Code::denied, "the URL's origin is not one of those that the exporter's configuration allows"};
    trust_ = policy_->allow_private ? Trust::events_in_private : Trust::events;
  }
  https_ = origin.starts_with("https:");
  return {};
}

Result<void> Transfer::set_body(Gzip& gzip) {
  body_ = request_.body;
  response_.raw_bytes = body_.size();
  if (request_.gzip && !body_.empty()) {
    CS_TRY(compressed, gzip.compress(body_, policy_->compression_level, compressed_));
    body_ = compressed;
  }
  response_.wire_bytes = body_.size();
  return {};
}

void Transfer::set_request_options() {
  CURL* const e = easy_.get();
  timeout_ms_ = std::clamp(request_.timeout_ms != 0 ? request_.timeout_ms : policy_->default_timeout_ms, 1U,
                           std::max(policy_->max_timeout_ms, 1U));
  response_cap_ = request_.max_response_bytes != 0 ? std::min(request_.max_response_bytes, policy_->max_response_bytes)
                                                   : policy_->max_response_bytes;
  curl_easy_setopt(e, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms_));
  const bool http2 = https_ && policy_->http2;
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, static_cast<long>(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // A second request waits for the first connection, which may carry both.
  curl_easy_setopt(e, CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, nullptr);
  } else if (body_.empty() && method != "POST" && method != "PUT" && method != "PATCH") {
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method == "GET" ? nullptr : method.c_str());
  } else {
    curl_easy_setopt(e, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, body_.empty() ? "" : body_.data());  // not copied
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method == "POST" ? nullptr : method.c_str());
  }
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers_.list());
}

Response Transfer::finish(CURLcode code) {
  CURL* const e = easy_.get();
  long status = 0;
  curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
  response_.status = status >= 200 ? static_cast<int>(status) : 0;
  response_.resent = times_requested_ > 1;
  response_.elapsed_ns = static_cast<uint64_t>(system_clock().mono_ns() - started_ns_);
  if (response_.truncated) {
    // The status stands; what a success said about single events is lost.
    response_.ambiguous = response_.status / 100 == 2;
  } else if (response_.status >= 300 && hung_up(code)) {
    // A server that refuses a body closes without reading the rest of it: the refusal is the answer, not the reset.
    response_.truncated = true;
  } else if (code != CURLE_OK) {
    long sent = 0;
    curl_easy_getinfo(e, CURLINFO_REQUEST_SIZE, &sent);
    const bool requested = times_requested_ > 0 && sent > 0;
    response_.transport = refusal_ != nullptr && !requested ? Transport::connect : classify(code, error_, requested);
    response_.ambiguous = requested && response_.transport != Transport::tls;
    response_.error = failure_text(code);
  }
  read_retry_after();
  return std::move(response_);
}

std::string Transfer::failure_text(CURLcode code) const {
  std::string text = refusal_ != nullptr ? refusal_ : error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  curl_off_t handshake_us = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_APPCONNECT_TIME_T, &handshake_us);
  if (response_.transport == Transport::connect && handshake_us > 0)
    text += " (hung up right after the TLS handshake; a server that misses a client certificate does so)";
  const auto hide = [&text](const credentials::SecretRef& secret) {
    if (secret) secret->use([&text](std::string_view value) { replace_all(text, value, "***"); });
  };
  hide(request_.url_secret);
  for (const auto& header : request_.headers) hide(header.secret);
  return log::scrub(text);
}

void Transfer::read_retry_after() {
  std::string_view retry_after, date;
  for (const auto& [name, value] : response_.headers) {
    if (name == "retry-after" && retry_after.empty()) retry_after = value;
    if (name == "date" && date.empty()) date = value;
  }
  response_.retry_after_ms = retry_after_ms(retry_after, date, system_clock().unix_ns() / 1'000'000'000);
}

std::string Transfer::clear() {
  if (easy_) {
    CURL* const e = easy_.get();
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, nullptr);
    if (request_.url_secret) curl_easy_setopt(e, CURLOPT_URL, nullptr);
  }
  headers_.wipe();
  wipe(url_);
  body_ = {};
  if (compressed_.capacity() > kKeepCompressedBytes) compressed_.free();
  std::string body = std::move(request_.body);
  request_ = {};
  response_ = {};
  header_bytes_ = 0;
  times_requested_ = 0;
  refusal_ = nullptr;
  error_[0] = '\0';
  return body;
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t n, void* self) noexcept {
  Transfer& t = *static_cast<Transfer*>(self);
  const std::size_t room = t.response_cap_ - t.response_.body.size();
  t.response_.body.append(data, std::min(n, room));
  if (n <= room) return n;
  t.response_.truncated = true;
  return 0;  // ends the transfer
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t n, void* self) noexcept {
  Transfer& t = *static_cast<Transfer*>(self);
  const std::string_view line(data, n);
  t.header_bytes_ += n;
  if (t.header_bytes_ > kMaxHeaderBytes) {
    t.refusal_ = "the answer's headers are larger than 64 KiB";
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // of an interim answer, or the final one after it
    t.response_.headers.clear();
    return n;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return n;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  t.response_.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
  return n;
}

// Runs when the connection stands and the request is about to be written; again when libcurl repeats it on a fresh
// connection because a kept one turned out to be dead.
int Transfer::on_request(void* self, char* peer, char*, int, int) noexcept {
  Transfer& t = *static_cast<Transfer*>(self);
  // The connection may have been made for somebody who is trusted with more.
  t.refusal_ = t.trust_ == Trust::operators ? nullptr : refusal(class_of(std::string_view(peer)), t.trust_);
  if (t.refusal_ != nullptr) return CURL_PREREQFUNC_ABORT;
  ++t.times_requested_;
  return CURL_PREREQFUNC_OK;
}

int Transfer::on_socket_options(void* self, curl_socket_t fd, curlsocktype) noexcept {
  const unsigned timeout_ms = static_cast<Transfer*>(self)->timeout_ms_;
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  return CURL_SOCKOPT_OK;
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  Transfer& t = *static_cast<Transfer*>(self);
  const char* const why = refusal(class_of(&address->addr), t.trust_);
  if (why != nullptr) {
    t.refusal_ = why;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace csiem::http
