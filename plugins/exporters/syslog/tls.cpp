#include "syslog/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

namespace csiem::syslog {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

std::string queued_words() {
  std::string out;
  while (const unsigned long error = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(error);
    if (reason == nullptr) continue;
    if (!out.empty()) out += "; ";
    out += reason;
  }
  return out;
}

std::string words_or(const char* fallback) {
  std::string words = queued_words();
  return words.empty() ? fallback : words;
}

Failure unusable(const Endpoint& endpoint, const std::string& file, const char* fallback) {
  return {CSIEM_CONFIG, "tls.files", endpoint.text + ": cannot use " + file + ": " + words_or(fallback)};
}

std::optional<Failure> load_files(SSL_CTX* context, const Endpoint& endpoint, const TlsSettings& s) {
  if (s.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, s.ca_file.c_str()) != 1) {
    return unusable(endpoint, s.ca_file, "it holds no PEM certificate");
  }
  if (s.cert_file.empty()) return std::nullopt;
  if (SSL_CTX_use_certificate_chain_file(context, s.cert_file.c_str()) != 1)
    return unusable(endpoint, s.cert_file, "it holds no PEM certificate");
  // A key with a passphrase would ask on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_PrivateKey_file(context, s.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable(endpoint, s.key_file, "it holds no PEM private key");
  return std::nullopt;
}

bool is_address(const std::string& name) noexcept {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

// Whom the certificate must name, and whom we say that we want to talk to.
void name_server(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str());
    return;
  }
  X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size());
  // The macro SSL_set_tlsext_host_name casts the const away in the old way.
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
}

}  // namespace

Failure tls_failure(SSL* ssl, int ssl_error, const Endpoint& endpoint, const std::string& what) {
  const int system_error = errno;
  const long verified = SSL_get_verify_result(ssl);
  const unsigned long first = ERR_peek_error();
  const std::string words = queued_words();
  const std::string begin = endpoint.text + ": " + what + ": ";
  if (verified != X509_V_OK && ERR_GET_REASON(first) == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return {CSIEM_CONFIG, "tls.certificate",
            begin + "the receiver's certificate is not believed: " + X509_verify_cert_error_string(verified)};
  // What a receiver says that wants another certificate from us, or one at all.
  for (const char* complaint : {"certificate required", "bad certificate", "unknown ca", "certificate unknown",
                                "certificate expired", "certificate revoked", "access denied"})
    if (words.find(complaint) != std::string::npos)
      return {CSIEM_CONFIG, "tls.client_certificate", begin + "the receiver refuses our certificate: " + words};
  if (ssl_error == SSL_ERROR_SSL && words.find("unexpected eof") == std::string::npos)
    return {CSIEM_RETRY, "tls.handshake", begin + words + "; is the listener TLS?"};
  const std::string cause = !words.empty() ? words
                            : system_error != 0 && ssl_error == SSL_ERROR_SYSCALL
                                ? strerrordesc_np(system_error)
                                : "the receiver closed the connection";
  return {CSIEM_RETRY, "transport.reset", begin + cause};
}

std::optional<Failure> shake_hands(int fd, const Endpoint& endpoint, const TlsSettings& settings, Waiter& waiter,
                                   Deadline deadline, Ssl& out) {
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), settings.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  // Receivers end connections without a farewell; nothing that they say could be cut short by that.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context.get(), settings.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (auto failure = load_files(context.get(), endpoint, settings)) return failure;

  Ssl ssl(SSL_new(context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) throw std::bad_alloc();
  name_server(ssl.get(), settings.server_name.empty() ? endpoint.host : settings.server_name);
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int done = SSL_connect(ssl.get());
    if (done == 1) break;
    const int error = SSL_get_error(ssl.get(), done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      return tls_failure(ssl.get(), error, endpoint, "TLS handshake failed");
    switch (waiter.wait(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
      case Waiter::Answer::ready:
        break;
      case Waiter::Answer::timeout:
        return Failure{CSIEM_RETRY, "transport.timeout",
                       endpoint.text + ": no answer to the TLS handshake; is the listener TLS?"};
      case Waiter::Answer::interrupted:
        return Failure{CSIEM_RETRY, "syslog.interrupted", endpoint.text + ": interrupted"};
    }
  }
  out = std::move(ssl);
  return std::nullopt;
}

}  // namespace csiem::syslog
