#include "server_tls.hpp"

namespace csiem::doubles {

namespace asio = boost::asio;

std::optional<asio::ssl::context> server_tls(const ServerOptions& options, std::string* problem) {
  boost::system::error_code error;
  asio::ssl::context tls(asio::ssl::context::tls_server);
  tls.use_certificate_chain_file(options.tls_certificate, error);
  if (!error) tls.use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (!error && !options.tls_client_ca.empty()) {
    tls.load_verify_file(options.tls_client_ca, error);
    tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  if (!error) return tls;
  *problem = "certificate: " + error.message();
  return std::nullopt;
}

}  // namespace csiem::doubles
