// The server under clients that are too big, too slow, too many, or not allowed.
#include "admin/server.hpp"

#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "scratch.hpp"

using namespace csiem;
using namespace csiem::admin;

namespace {

constexpr int kPatienceMs = 20'000;

class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Everything until the server closes, or nothing more comes for long.
  std::string rest() {
    std::string all;
    char block[4096];
    for (;;) {
      pollfd ready{fd_.get(), POLLIN, 0};
      if (poll(&ready, 1, kPatienceMs) <= 0) return all + "[open]";
      const ssize_t got = ::recv(fd_.get(), block, sizeof block, 0);
      if (got <= 0) return all;
      all.append(block, static_cast<std::size_t>(got));
    }
  }

 private:
  Fd fd_;
  bool connected_ = false;
};

std::string get(const std::string& path, const std::string& target) {
  Client client(path);
  client.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.rest();
}

int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

struct Bench {
  explicit Bench(Limits limits = {}, Access access = Access(geteuid(), {}, {}, {})) {
    auto socket = SocketFile::open(path, 0666);
    REQUIRE(socket);
    server.emplace(loop, *std::move(socket), std::move(access),
                   Backend{[] { return test::sample_snapshot(); },
                           [this](Action, const std::string&) -> Result<void> {
                             ++acts;
                             return {};
                           }},
                   limits);
    server->start();
    thread = std::thread([this] { loop.run(); });
  }
  ~Bench() {
    std::promise<void> gone;
    boost::asio::post(loop, [&] {
      server.reset();
      gone.set_value();
    });
    gone.get_future().wait();
    work.reset();
    thread.join();  // ends only when no connection is left behind
  }

  test::Scratch scratch;
  std::string path = scratch / "admin.sock";
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{loop.get_executor()};
  std::optional<Server> server;
  std::atomic<int> acts{0};
  std::thread thread;
};

}  // namespace

TEST_CASE("requests on one connection are answered in turn, and the connection is closed when asked to") {
  Bench bench;
  Client client(bench.path);
  REQUIRE(client.connected());
  client.send(
      "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  const auto first = all.find("HTTP/1.1 200"), second = all.find("HTTP/1.1 404"), third = all.find("HTTP/1.1 503");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
  CHECK_FALSE(all.ends_with("[open]"));
}

TEST_CASE("a header that is too large and a body that is too large are refused, and nothing is done") {
  Bench bench;
  Client wordy(bench.path);
  wordy.send("POST /api/v1/exporters/splunk/pause HTTP/1.1\r\nHost: x\r\nX-Much: " + std::string(10'000, 'a'));
  CHECK(status_of(wordy.rest()) == 431);
  Client heavy(bench.path);
  heavy.send("POST /api/v1/exporters/splunk/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  CHECK(status_of(heavy.rest()) == 413);
  Client chunked(bench.path);
  chunked.send(
      "POST /api/v1/exporters/splunk/pause HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" +
      std::string(0x10001, 'b'));
  CHECK(status_of(chunked.rest()) == 413);
  CHECK(bench.acts == 0);
  CHECK(status_of(get(bench.path, "/healthz")) == 200);
}

TEST_CASE("what is no HTTP is refused") {
  Bench bench;
  Client client(bench.path);
  client.send("EHLO example.com\r\n\r\n");
  CHECK(status_of(client.rest()) == 400);
}

TEST_CASE("a client that does not finish its request is dropped; others are served meanwhile") {
  Limits limits;
  limits.patience = std::chrono::milliseconds(300);
  Bench bench(limits);
  Client silent(bench.path), slow(bench.path);
  REQUIRE(slow.send("GET /healthz HTTP/1.1\r\nHo"));
  CHECK(status_of(get(bench.path, "/healthz")) == 200);
  CHECK(silent.rest().empty());
  CHECK(slow.rest().empty());
}

TEST_CASE("a byte now and then does not keep a connection") {
  Limits limits;
  limits.patience = std::chrono::milliseconds(200);
  Bench bench(limits);
  Client slow(bench.path);
  bool open = true;
  for (int i = 0; i < 2'000 && open; ++i) {
    open = slow.send("a");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK_FALSE(open);
}

TEST_CASE("requests beyond the burst are answered, later") {
  Limits limits;
  limits.burst = 2;
  limits.requests_per_second = 100;
  Bench bench(limits);
  Client client(bench.path);
  std::string asked;
  for (int i = 0; i < 9; ++i) asked += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(asked + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  int answers = 0;
  for (std::size_t at = all.find("HTTP/1.1 200"); at != std::string::npos; at = all.find("HTTP/1.1 200", at + 1))
    ++answers;
  CHECK(answers == 10);
}

TEST_CASE("one connection too many is told so, and there is room again when one goes") {
  Limits limits;
  limits.connections = 2;
  limits.burst = 10'000;
  Bench bench(limits);
  std::optional<Client> one(bench.path), two(bench.path);
  // Both are known to the server once it has answered them.
  for (auto* client : {&one, &two}) (*client)->send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string third;
  for (int i = 0; i < 1000 && status_of(third) != 503; ++i) third = get(bench.path, "/healthz");
  CHECK(status_of(third) == 503);
  CHECK(third.find("CS8006") != std::string::npos);
  one.reset();
  for (int i = 0; i < 1000 && status_of(third) != 200; ++i) third = get(bench.path, "/healthz");
  CHECK(status_of(third) == 200);
}

TEST_CASE("a stranger may ask for health, sees nothing else and changes nothing") {
  // Root always may: the stranger is another user then.
  const bool root = geteuid() == 0;
  Bench bench({}, Access(root ? 0 : geteuid() + 1, {}, {}, {}));
  const auto as_stranger = [&](const std::string& request) {
    if (!root) {
      Client client(bench.path);
      client.send(request);
      return status_of(client.rest());
    }
    const pid_t child = fork();
    if (child == 0) {
      if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(255);
      Client client(bench.path);
      client.send(request);
      _exit(status_of(client.rest()) / 10);  // fits into an exit status
    }
    int result = 0;
    waitpid(child, &result, 0);
    return WEXITSTATUS(result) * 10;
  };
  const auto line = [](const std::string& start) {
    return start + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  };
  CHECK(as_stranger(line("GET /healthz")) / 10 == 20);
  CHECK(as_stranger(line("GET /api/v1/status")) / 10 == 40);  // 403
  CHECK(as_stranger(line("POST /api/v1/exporters/splunk/pause")) / 10 == 40);
  CHECK(bench.acts == 0);
}

TEST_CASE("a server that goes drops its clients") {
  std::optional<Bench> bench(std::in_place);
  Client client(bench->path);
  client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(status_of(get(bench->path, "/healthz")) == 200);
  const std::string path = bench->path;
  bench.reset();
  CHECK(status_of(client.rest()) == 200);  // and then the end
  CHECK_FALSE(Client(path).connected());
}
