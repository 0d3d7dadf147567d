#include "server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace csiem::http::test {

struct Server::Channel {
  int fd = -1;
  SSL* ssl = nullptr;
  ~Channel() {
    if (ssl != nullptr) SSL_free(ssl);
  }
  long read(char* to, std::size_t n) {
    return ssl != nullptr ? SSL_read(ssl, to, static_cast<int>(n)) : ::recv(fd, to, n, 0);
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const long n = ssl != nullptr ? SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                                    : ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
};

std::string Seen::header(const std::string& name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string line = head.substr(begin, at - begin);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.c_str(), name.c_str(), name.size()) == 0) {
      const auto value = line.find_first_not_of(' ', name.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return "<none>";
}

Reply answer(int status, const std::string& body, const std::string& extra_headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Some Reason\r\n" + extra_headers +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

Server::Server(Script script, TlsFiles tls) : script_(std::move(script)), tls_(std::move(tls)) {
  if (!tls_.cert.empty()) {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    tls_context_ = std::shared_ptr<void>(context, [](void* c) { SSL_CTX_free(static_cast<SSL_CTX*>(c)); });
    if (SSL_CTX_use_certificate_file(context, tls_.cert.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, tls_.key.c_str(), SSL_FILETYPE_PEM) != 1)
      std::abort();
    if (!tls_.client_ca.empty()) {
      SSL_CTX_load_verify_locations(context, tls_.client_ca.c_str(), nullptr);
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0) std::abort();
  ::getsockname(listener_, generic, &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
}

std::string Server::origin() const {
  return (tls_.cert.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port_);
}

std::vector<Seen> Server::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void Server::accept_all() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int number = ++connections_;
    if (reset_on_accept_) {
      const linger at_once{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(fd);
      continue;
    }
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number] { serve(fd, number); });
  }
}

bool Server::read_request(Channel& channel, std::string& buffer, Seen& seen) {
  char chunk[64 * 1024];
  const auto more = [&] {
    const long n = channel.read(chunk, sizeof chunk);
    if (n > 0) buffer.append(chunk, static_cast<std::size_t>(n));
    return n > 0;
  };
  std::size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return false;
  seen.head = buffer.substr(0, end + 2);
  const auto space = seen.head.find(' ');
  seen.method = seen.head.substr(0, space);
  seen.target = seen.head.substr(space + 1, seen.head.find(' ', space + 1) - space - 1);
  const std::string length = seen.header("content-length");
  const std::size_t body = length == "<none>" ? 0 : std::min(std::stoul(length), read_at_most_.load());
  while (buffer.size() < end + 4 + body)
    if (!more()) return false;
  seen.body = buffer.substr(end + 4, body);
  buffer.erase(0, end + 4 + body);
  return true;
}

void Server::serve(int fd, int number) {
  Channel channel{fd};
  bool open = true;
  if (tls_context_) {
    channel.ssl = SSL_new(static_cast<SSL_CTX*>(tls_context_.get()));
    SSL_set_fd(channel.ssl, fd);
    open = SSL_accept(channel.ssl) == 1;
    if (!open) {  // let the alert arrive: closing with unread bytes would reset the connection under it
      ::shutdown(fd, SHUT_WR);
      char ignored[4096];
      while (::recv(fd, ignored, sizeof ignored, 0) > 0) continue;
    }
  }
  std::string buffer;
  After after = After::close;
  while (open && !stopping_) {
    Seen seen;
    seen.connection = number;
    if (!read_request(channel, buffer, seen)) break;
    if (channel.ssl != nullptr)
      if (X509* const certificate = SSL_get1_peer_certificate(channel.ssl); certificate != nullptr) {
        char name[128] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
        seen.client_name = name;
        X509_free(certificate);
      }
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(seen);
    }
    const Reply reply = script_(seen);
    for (int waited = 0; waited < reply.delay_ms && !stopping_; waited += 10)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!channel.write(reply.bytes)) break;
    after = reply.after;
    open = after == After::keep;
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  if (after == After::reset) {
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(fd);
}

}  // namespace csiem::http::test
