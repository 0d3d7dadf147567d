#include "http/classify.hpp"

namespace csiem::http {

Transport classify(CURLcode code, std::string_view text, bool requested) {
  switch (code) {
    case CURLE_OK:
      return Transport::ok;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Transport::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
      return Transport::connect;
    case CURLE_OPERATION_TIMEDOUT:
      return Transport::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return Transport::tls;
    default:
      // With TLS 1.3 the server judges our certificate after the handshake has ended on our side.
      if (text.find("SSL") != std::string_view::npos && text.find(" alert ") != std::string_view::npos)
        return Transport::tls;
      // A proxy that refuses the tunnel, or a peer that hangs up before we could ask.
      return requested ? Transport::reset : Transport::connect;
  }
}

bool hung_up(CURLcode code) {
  switch (code) {
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

}  // namespace csiem::http
