// Splunk HTTP Event Collector: batches into requests to /services/collector.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csiem/sdk.hpp>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/endpoints.hpp"
#include "common/guid.hpp"
#include "common/template.hpp"
#include "common/text.hpp"
#include "common/transport.hpp"
#include "splunk/acks.hpp"
#include "splunk/envelope.hpp"
#include "splunk/event_counts.hpp"
#include "splunk/metrics.hpp"
#include "splunk/progress.hpp"
#include "splunk/raw.hpp"
#include "splunk/response.hpp"
#include "splunk/settings.hpp"

namespace csiem::splunk {
namespace {

constexpr char kSettings[] =
#include "splunk/settings.inc"
    ;

// HEC answers are short; whatever is longer is somebody else's page. Those about acknowledgements name up to 1000 ids.
constexpr uint32_t kMaxAnswer = 64 * 1024;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kSlowestPollMs = 10'000;

class Splunk final : public HttpExporter {
 public:
  explicit Splunk(const Config& config)
      : endpoints_(endpoints_of(config)),
        token_(config.secret("hec_token")),
        index_(index_of(config)),
        json_parts_(envelope_parts(config, "clawdstrike:security")),
        text_parts_(envelope_parts(config, "clawdstrike:cef")),
        json_(json_parts_),
        text_(text_parts_),
        query_(config.boolean("auto_extract_timestamp", false) ? "?auto_extract_timestamp=true" : ""),
        ack_(ack_settings(config)),
        raw_(config.text("mode", "event") == "raw"),
        gzip_(config.text("compression", "gzip") == "gzip"),
        trust_prefix_(config.text("partial_prefix", "trust") == "trust"),
        poll_ms_(ack_.poll_ms),
        metrics_({config.text("metrics.index", ""), static_cast<uint32_t>(config.integer("metrics.interval", 60'000)),
                  json_parts_.source.varies() ? std::string() : json_parts_.source.fixed_text(),
                  config.text("csiem.host_name", "")},
                 [this](Request& request) { return send_metrics(request); }) {
    if (token_.empty()) config.refuse("hec_token: missing");
    check_batch_size(config, endpoints_);
    if (raw_ && config.boolean("auto_extract_timestamp", false))
      config.refuse("auto_extract_timestamp", "raw mode always takes the time from the text; leave it out");
  }

  void build(const csiem_batch& batch, Request& out) override {
    if (held_ >= ack_.max_pending) {
      out.postpone();
      return;
    }
    const std::size_t endpoint = endpoints_.pick(host().mono_ns());
    if (quiet(endpoint)) {
      out.postpone();
      return;
    }
    forget(batch);  // as this is, it is nothing that was begun earlier
    Work& work = works_[++last_ticket_];
    tickets_[batch.batch_id] = last_ticket_;
    work.batch = &batch;
    work.batch_id = batch.batch_id;
    work.count = batch.count;
    Progress& progress = work.progress;
    if (raw_)
      progress.groups = raw_groups(batch, is_json(batch) ? json_parts_ : text_parts_);
    else
      progress.groups.push_back({query_, everyone(batch)});
    write_group(batch, progress, endpoint, out);
  }

  Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t, Verdict& verdict,
             Request& next) override {
    const auto found = tickets_.find(batch.batch_id);
    if (found == tickets_.end()) {
      verdict = Verdict::of(CSIEM_RETRY, "splunk.forgotten");
      return Step::done;
    }
    const Ticket ticket = found->second;
    Work& work = works_[ticket];
    judge(ticket, work, response);
    Progress& progress = work.progress;
    if (progress.more()) {
      write_group(batch, progress, endpoints_.pick(host().mono_ns()), next);
      return Step::send;
    }
    if (progress.waits.empty()) {
      verdict = progress.verdict(batch.count);
      count_delivered(batch, verdict);
      drop(ticket);
      return Step::done;
    }
    work.held = true;
    ++held_;
    // With a verdict against some event the batch is read once more when the rest is acknowledged.
    if (!progress.all_taken()) return Step::hold;
    if (metrics_.on())
      for (uint32_t i = 0; i < batch.count; ++i) work.counts.add(*batch.events[i]);
    work.batch = nullptr;
    return Step::let_go;
  }

  void forget(const csiem_batch& batch) override {
    const auto found = tickets_.find(batch.batch_id);
    if (found == tickets_.end()) return;
    const Ticket ticket = found->second;
    const Progress& progress = works_[ticket].progress;
    if (progress.more() && progress.channel) Acks::end(*progress.channel, progress.send);
    acks_.forget(ticket);
    drop(ticket);
  }

  // With the token, so that a refused token shows here too; HEC does not ask for it.
  void build_probe(Request& out) override {
    out.method = "GET";
    out.url = endpoints_.url(endpoints_.pick(host().mono_ns())) + "/services/collector/health";
    out.max_response_bytes = kMaxAnswer;
    out.header("Authorization", "Splunk ", token_);
  }
  Verdict classify_probe(const csiem_http_response& response) override { return read_health(response).verdict; }

 private:
  // A batch in our hands. `held`: everything is sent, and it waits for the indexers.
  struct Work {
    const csiem_batch* batch = nullptr;  // null when it was let go: all of it waits, and counts as `counts` says
    uint64_t batch_id = 0;
    uint32_t count = 0;
    EventCounts counts;
    Progress progress;
    bool held = false;
  };

  void drop(Ticket ticket) {
    const auto at = works_.find(ticket);
    if (at->second.held) --held_;
    tickets_.erase(at->second.batch_id);
    works_.erase(at);
  }

  static bool is_json(const csiem_batch& batch) { return common::is_json_type(view(batch.content_type)); }
  static std::vector<uint32_t> everyone(const csiem_batch& batch) {
    std::vector<uint32_t> all(batch.count);
    for (uint32_t i = 0; i < batch.count; ++i) all[i] = i;
    return all;
  }

  // ---- sending ----

  void write_group(const csiem_batch& batch, Progress& progress, std::size_t endpoint, Request& out) {
    const RawGroup& group = progress.groups[progress.next];
    const bool json = is_json(batch);
    const Envelope& envelope = json ? json_ : text_;
    for (const uint32_t i : group.members) {
      if (raw_)
        add_raw_line(view(batch.bodies[i]), json, out);
      else
        envelope.write(*batch.events[i], batch.bodies[i], json, out);
    }
    progress.endpoint = endpoint;
    progress.channel = channel_of(progress.endpoint);
    progress.send = Acks::begin(*progress.channel);
    progress.bytes = out.body_size();
    progress.compressed = gzip_;
    out.url = endpoints_.url(progress.endpoint) + (raw_ ? "/services/collector/raw" : "/services/collector/event") +
              group.query;
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.max_response_bytes = kMaxAnswer;
    out.header("Content-Type", raw_ ? "text/plain; charset=utf-8" : "application/json");
    add_headers(*progress.channel, out);
  }

  void add_headers(const Acks::Channel& channel, Request& out) const {
    out.header("X-Splunk-Request-Channel", channel.guid);
    if (const std::string cookies = channel.cookie_header(); !cookies.empty()) out.header("Cookie", cookies);
    out.header("Authorization", "Splunk ", token_);
  }

  Acks::ChannelRef channel_of(std::size_t endpoint) {
    if (auto channel = acks_.current(endpoint)) return channel;
    const bool first = std::find(opened_.begin(), opened_.end(), endpoint) == opened_.end();
    if (first) opened_.push_back(endpoint);
    return acks_.open(endpoint, first && !ack_.channel.empty() ? ack_.channel : common::random_guid(host()));
  }

  // ---- answers ----

  // What the newest answer says about the group that was sent.
  void judge(Ticket ticket, Work& work, const csiem_http_response& response) {
    const csiem_batch& batch = *work.batch;
    Progress& progress = work.progress;
    const Acks::ChannelRef channel = progress.channel;
    Acks::end(*channel, progress.send);
    keep_cookies(response, *channel);
    const RawGroup& group = progress.groups[progress.next];
    Sent sent;
    sent.count = static_cast<uint32_t>(group.members.size());
    sent.bytes = progress.bytes;
    sent.compressed = progress.compressed;
    sent.index_varies = index_.varies();
    sent.index_shared = response.status == 400 && same_index(batch, group.members);
    sent.trust_prefix = trust_prefix_;
    sent.raw = raw_;
    Reading reading = read_answer(response, sent);
    heed(progress.endpoint, response);
    judge_endpoint(progress.endpoint, reading);
    adapt(progress, reading);
    name_the_index(batch, group.members, reading);
    if (reading.near_capacity) host().count("near_capacity");
    if (reading.partial) host().count("partial_batches");
    if (reading.verdict.outcome == CSIEM_DELIVERED) renewed_.erase(progress.endpoint);
    const bool waits = reading.ack_id.has_value() && ack_.use != UseAck::no;
    if (reading.verdict.outcome == CSIEM_DELIVERED && response.status == 200 && !reading.ack_id) no_ack_offered();
    progress.answered(std::move(reading.verdict), waits ? reading.ack_id : std::nullopt);
    if (waits) wait_for(ticket, progress, *reading.ack_id);
    credit(*channel);
  }

  static void keep_cookies(const csiem_http_response& response, Acks::Channel& channel) {
    for (uint32_t i = 0; i < response.header_count; ++i)
      if (view(response.headers[i].key) == "set-cookie") channel.take_cookie(view(response.headers[i].value));
  }

  void no_ack_offered() {
    if (ack_.use != UseAck::yes || said_no_ack_) return;
    said_no_ack_ = true;
    host().count("acks_unsupported");
    host().log(CSIEM_LOG_WARN,
               "use_ack is true, and the token does not use indexer acknowledgement: HEC's 200 counts as delivery");
  }

  // Retry-After holds for every kind of request.
  void heed(std::size_t endpoint, const csiem_http_response& response) {
    constexpr uint32_t kLongestMs = 3'600'000;
    if (response.retry_after_ms == 0 || (response.status != 429 && response.status != 503)) return;
    quiet_until_ns_[endpoint] = host().mono_ns() + int64_t{std::min(response.retry_after_ms, kLongestMs)} * kNsPerMs;
  }
  bool quiet(std::size_t endpoint) const {
    const auto at = quiet_until_ns_.find(endpoint);
    return at != quiet_until_ns_.end() && host().mono_ns() < at->second;
  }

  void judge_endpoint(std::size_t endpoint, Reading& reading) {
    if (!reading.endpoint_failed) {
      endpoints_.succeeded(endpoint);
      return;
    }
    const int64_t now = host().mono_ns();
    endpoints_.failed(endpoint, now, reading.verdict.retry_after_ms);
    // What one endpoint asks for does not bind the others.
    if (endpoints_.another_is_ready(now)) reading.verdict.retry_after_ms = 0;
  }

  // Two refusals have a remedy on our side. It is tried once; the same answer after it is the operator's business.
  void adapt(const Progress& progress, Reading& reading) {
    if (reading.want_new_channel && renewed_.emplace(progress.endpoint, true).second) {
      acks_.open(progress.endpoint, common::random_guid(host()));
      host().count("channel_renewed");
      reading.verdict.outcome = CSIEM_RETRY;
    }
    if (reading.want_plain) {
      if (gzip_)
        host().log(CSIEM_LOG_WARN, "the collector refuses compressed requests; sending plain ones from now on");
      gzip_ = false;
      reading.verdict.outcome = CSIEM_RETRY;
    }
  }

  bool same_index(const csiem_batch& batch, const std::vector<uint32_t>& members) const {
    if (!index_.varies() || members.size() < 2) return true;
    const std::string first = index_.render(*batch.events[members.front()]);
    return std::all_of(members.begin(), members.end(),
                       [&](uint32_t i) { return index_.render(*batch.events[i]) == first; });
  }

  // HEC says that an index is wrong, never which.
  void name_the_index(const csiem_batch& batch, const std::vector<uint32_t>& members, Reading& reading) const {
    if (reading.hec_code != 7 || members.empty()) return;
    const auto explain = [&](const csiem_event& event, std::string& message) {
      const std::string index = index_.render(event);
      message += index.empty() ? " (the token's default index)" : " '" + std::string(common::clip(index, 200)) + "'";
    };
    if (!index_.varies() || members.size() == 1) explain(*batch.events[members.front()], reading.verdict.message);
    for (EventVerdict& one : reading.verdict.except)
      if (one.outcome == CSIEM_REJECT) explain(*batch.events[members[one.index]], one.message);
  }

  // ---- acknowledgement by the indexers ----

  void wait_for(Ticket ticket, const Progress& progress, int64_t ack_id) {
    const Acks::ChannelRef channel = progress.channel;
    host().count("acks_awaited");
    for (const Ticket lost : acks_.add(*channel, progress.send, ack_id, ticket, host().mono_ns()))
      give_up(lost, channel.get(), "splunk.ack_lost",
              "the indexer counts its acknowledgements from the beginning again");
    poll_ms_ = ack_.poll_ms;
    arm();
  }

  void arm() {
    if (armed_ || acks_.empty()) return;
    armed_ = host().timer(static_cast<uint32_t>(poll_ms_), &Splunk::poll_due, this, nullptr) == CSIEM_OK;
  }
  static void poll_due(void* user) noexcept {
    auto* self = static_cast<Splunk*>(user);
    self->armed_ = false;
    guard(nullptr, [&] {
      self->poll();
      return CSIEM_OK;
    });
    self->arm();
  }

  void poll() {
    const int64_t now = host().mono_ns();
    for (const Ticket ticket : acks_.overdue(now - ack_.timeout_ms * kNsPerMs)) {
      host().count("acks_timed_out");
      give_up(ticket, nullptr, "splunk.ack_timeout",
              "not acknowledged by the indexer within " + std::to_string(ack_.timeout_ms / 1000) + " s");
    }
    for (const Acks::ChannelRef& channel : acks_.to_ask()) {
      if (quiet(channel->endpoint)) continue;
      Request request;
      const std::string ids = question(acks_.ids(*channel));
      request.url = endpoints_.url(channel->endpoint) + "/services/collector/ack";
      request.max_response_bytes = kMaxAnswer;
      request.header("Content-Type", "application/json");
      add_headers(*channel, request);
      request.add(std::string_view(ids));
      channel->asking = true;
      if (ask(request, [this, channel](const csiem_http_response& response) { polled(channel, response); }) != CSIEM_OK)
        channel->asking = false;
    }
    // Asked again later and later while nothing comes; the first answer with news ends that.
    poll_ms_ = std::max(ack_.poll_ms, std::min(kSlowestPollMs, poll_ms_ * 3 / 2));
  }

  void polled(const Acks::ChannelRef& channel, const csiem_http_response& response) {
    channel->asking = false;
    heed(channel->endpoint, response);
    if (response.transport != CSIEM_TRANSPORT_OK) return;  // asked again; nothing is known
    keep_cookies(response, *channel);
    if (response.status == 400 && read_answer(response, Sent{}).hec_code == 14) {
      acks_are_off(channel->endpoint);
      return;
    }
    bool broken = response.status != 200;
    std::vector<int64_t> ids = broken ? std::vector<int64_t>() : acknowledged_ids(view(response.body), &broken);
    if (broken) {
      host().count("ack_polls_failed");
      return;
    }
    if (!ids.empty()) poll_ms_ = ack_.poll_ms;
    Acks::report(*channel, std::move(ids));
    credit(*channel);
  }

  // The token lost its acknowledgement while batches waited: what HEC took counts, as it does for every such token.
  void acks_are_off(std::size_t endpoint) {
    host().log(CSIEM_LOG_WARN, "the token does not use indexer acknowledgement any more: HEC's 200 counts as delivery");
    host().count("acks_unsupported");
    for (const Ticket ticket : acks_.all_of(endpoint)) {
      const auto at = works_.find(ticket);
      if (at == works_.end()) continue;
      at->second.progress.acknowledge_endpoint(endpoint);
      end_if_complete(ticket);
    }
  }

  void credit(Acks::Channel& channel) {
    for (const auto& [id, ticket] : Acks::acknowledged(channel)) {
      host().count("acks_received");
      const auto at = works_.find(ticket);
      if (at == works_.end()) continue;
      at->second.progress.acknowledge(channel, id);
      end_if_complete(ticket);
    }
  }

  // What is not acknowledged comes again.
  void give_up(Ticket ticket, const Acks::Channel* on, const std::string& code, const std::string& why) {
    const auto at = works_.find(ticket);
    if (at == works_.end()) return;
    at->second.progress.unacknowledged(on, code, why);
    if (on == nullptr) acks_.forget(ticket);
    end_if_complete(ticket);
  }

  // Of a batch that still sends, after() looks when that is over.
  void end_if_complete(Ticket ticket) {
    const auto at = works_.find(ticket);
    if (at == works_.end() || !at->second.held || !at->second.progress.waits.empty()) return;
    const Work& work = at->second;
    const uint64_t batch_id = work.batch_id;
    const Verdict verdict = work.progress.verdict(work.count);
    if (work.batch != nullptr)
      count_delivered(*work.batch, verdict);
    else if (verdict.outcome == CSIEM_DELIVERED && verdict.except.empty())
      metrics_.add(host(), work.counts);
    drop(ticket);
    release(batch_id, verdict);
  }

  // ---- metrics ----

  void count_delivered(const csiem_batch& batch, const Verdict& verdict) {
    if (!metrics_.on()) return;
    auto named = verdict.except.begin();  // ascending, except where an endpoint stopped in the middle
    for (uint32_t i = 0; i < batch.count; ++i) {
      while (named != verdict.except.end() && named->index < i) ++named;
      const bool own = named != verdict.except.end() && named->index == i;
      if ((own ? named->outcome : verdict.outcome) == CSIEM_DELIVERED) metrics_.counts().add(*batch.events[i]);
    }
    metrics_.counted(host());
  }

  // False: not now.
  bool send_metrics(Request& request) {
    const std::size_t endpoint = endpoints_.pick(host().mono_ns());
    if (quiet(endpoint)) return false;
    request.url = endpoints_.url(endpoint) + "/services/collector/event";
    request.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    request.max_response_bytes = kMaxAnswer;
    request.header("Content-Type", "application/json");
    add_headers(*channel_of(endpoint), request);
    const auto answered = [this, endpoint](const csiem_http_response& response) {
      heed(endpoint, response);
      metrics_.answered(host(), response);
    };
    return ask(request, answered) == CSIEM_OK;
  }

  common::Endpoints endpoints_;
  std::string token_;  // handle
  common::Template index_;
  Envelope::Parts json_parts_, text_parts_;
  Envelope json_, text_;
  std::string query_;
  AckSettings ack_;
  bool raw_, gzip_, trust_prefix_;
  std::map<std::size_t, bool> renewed_;            // endpoints whose channel was replaced since their last success
  std::map<std::size_t, int64_t> quiet_until_ns_;  // of endpoints that said Retry-After
  std::vector<std::size_t> opened_;                // endpoints that have had a channel
  Acks acks_;
  std::map<Ticket, Work> works_;
  std::unordered_map<uint64_t, Ticket> tickets_;  // by batch_id
  Ticket last_ticket_ = 0;
  std::size_t held_ = 0;  // of works_
  int64_t poll_ms_;
  bool armed_ = false, said_no_ack_ = false;
  Metrics metrics_;
};

}  // namespace
}  // namespace csiem::splunk

CSIEM_EXPORTER(csiem::splunk::Splunk, "org.clawdstrike.splunk", "splunk", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Splunk HTTP Event Collector")
                   .default_format("native")
                   .accepts("native ecs ocsf cef")
                   .flags(CSIEM_EXPORTER_PARTIAL | CSIEM_EXPORTER_ACKS)
                   .limits(0, 838'860'800, 5'242'880 - 64 * 1024),
               csiem::splunk::kSettings);
