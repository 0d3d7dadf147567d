#include "http/client.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "http/multi.hpp"
#include "http/transfer.hpp"

namespace csiem::http {
namespace {

constexpr std::size_t kMaxIdleTransfers = 16;
constexpr std::size_t kMaxSpareBytes = 16 * 1024 * 1024;

long status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace

struct Client::Impl {
  struct InFlight {
    std::unique_ptr<Transfer> transfer;
    Handler done;
    Multi* multi;
  };

  explicit Impl(boost::asio::io_context& io) : loop(io), environment(Environment::read()) {}
  ~Impl() {
    for (auto& [id, request] : in_flight) request.multi->remove(request.transfer->easy());
    for (auto& [limit, multi] : multis) multi->close();
  }

  // The limit is a property of the multi handle, so each limit in use has one.
  Multi& multi_for(const Policy& policy) {
    auto& multi = multis[policy.max_connections_per_host];
    if (!multi)
      multi = Multi::create(
          loop, policy.max_connections_per_host, [this](CURL* easy, CURLcode code) { note_end(easy, code); },
          [this] { report_ends(); });
    return *multi;
  }

  std::unique_ptr<Transfer> take_transfer() {
    if (idle.empty()) return std::make_unique<Transfer>();
    auto transfer = std::move(idle.back());
    idle.pop_back();
    return transfer;
  }

  void give_back(std::unique_ptr<Transfer> transfer) {
    keep_spare(transfer->clear());
    if (idle.size() < kMaxIdleTransfers) idle.push_back(std::move(transfer));
  }

  void keep_spare(std::string body) {
    if (body.capacity() < 4096 || spare_bytes + body.capacity() > kMaxSpareBytes) return;
    body.clear();
    spare_bytes += body.capacity();
    spare_bodies.push_back(std::move(body));
  }

  void note_end(CURL* easy, CURLcode code) {
    const RequestId id = Transfer::of(easy).id;
    if (in_flight.contains(id)) ended.push_back({id, code, code != CURLE_OK || status_of(easy) >= 300});
  }

  // What went wrong first: a caller who is asked to slow down hears of it before another answer lets him send more.
  void report_ends() {
    const std::weak_ptr<const bool> here = alive;
    std::vector<End> ends;
    ends.swap(ended);
    std::stable_partition(ends.begin(), ends.end(), [](const End& end) { return end.bad; });
    for (const End& end : ends) {
      const auto found = in_flight.find(end.id);
      if (found == in_flight.end()) continue;  // cancelled by a handler
      InFlight request = std::move(found->second);
      in_flight.erase(found);
      const Response response = request.transfer->finish(end.code);
      give_back(std::move(request.transfer));
      request.done(response);  // it may destroy the client
      if (here.expired()) return;
    }
    if (ended.empty()) {
      ends.clear();
      ended.swap(ends);  // keeps the memory
    }
  }

  boost::asio::io_context& loop;
  Environment environment;
  Gzip gzip;
  std::map<uint32_t, std::shared_ptr<Multi>> multis;
  std::unordered_map<RequestId, InFlight> in_flight;
  std::vector<std::unique_ptr<Transfer>> idle;
  std::vector<std::string> spare_bodies;
  std::size_t spare_bytes = 0;
  RequestId last_id = 0;

  struct End {
    RequestId id;
    CURLcode code;
    bool bad;
  };
  std::vector<End> ended;  // and not reported yet
  const std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);
};

Client::Client(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
Client::~Client() = default;

Result<RequestId> Client::send(Request request, std::shared_ptr<const Policy> policy, Handler done) {
  Multi& multi = impl_->multi_for(*policy);
  auto transfer = impl_->take_transfer();
  if (auto prepared = transfer->prepare(std::move(request), std::move(policy), impl_->environment, impl_->gzip);
      !prepared) {
    impl_->give_back(std::move(transfer));
    return std::move(prepared).error();
  }
  const RequestId id = ++impl_->last_id;
  transfer->id = id;
  CURL* const easy = transfer->easy();
  if (!multi.add(easy)) {
    impl_->give_back(std::move(transfer));
    return Error{Code::internal, "libcurl did not take the request"};
  }
  impl_->in_flight.emplace(id, Impl::InFlight{std::move(transfer), std::move(done), &multi});
  return id;
}

void Client::cancel(RequestId id) {
  const auto found = impl_->in_flight.find(id);
  if (found == impl_->in_flight.end()) return;
  Impl::InFlight request = std::move(found->second);
  impl_->in_flight.erase(found);
  request.multi->remove(request.transfer->easy());
  impl_->give_back(std::move(request.transfer));
}

std::string Client::spare_body() {
  auto& spare = impl_->spare_bodies;
  if (spare.empty()) return {};
  std::string body = std::move(spare.back());
  spare.pop_back();
  impl_->spare_bytes -= body.capacity();
  return body;
}

std::size_t Client::in_flight() const { return impl_->in_flight.size(); }

std::string library_versions() { return curl_version(); }

}  // namespace csiem::http
