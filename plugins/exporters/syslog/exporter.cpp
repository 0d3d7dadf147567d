// Exporter `syslog`: formatted events as syslog messages over UDP, TCP and TLS.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "syslog/datagrams.hpp"
#include "syslog/endpoint.hpp"
#include "syslog/header.hpp"
#include "syslog/messages.hpp"
#include "syslog/receivers.hpp"

namespace csiem::syslog {
namespace {

constexpr char kSettings[] =
#include "syslog/settings.inc"
    ;

constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};  // by CSIEM_SEV_*
constexpr std::size_t kMaxHostName = 255, kMaxAppName = 48, kMaxTag = 32;
constexpr auto kNameTimeout = std::chrono::seconds(10);

std::vector<Endpoint> endpoints_of(const Config& config) {
  std::vector<Endpoint> out;
  const std::vector<std::string> texts = config.strings("endpoints");
  if (texts.empty()) config.refuse("endpoints", "missing; list the receivers, like [\"tls://collector.example:6514\"]");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Endpoint endpoint;
    config.attempt([&] { endpoint = parse_endpoint(texts[i], "endpoints[" + std::to_string(i) + "]"); });
    out.push_back(std::move(endpoint));
  }
  if (config.refused()) return out;
  for (std::size_t i = 1; i < out.size(); ++i)
    if ((out[i].transport == Transport::udp) != (out[0].transport == Transport::udp))
      config.refuse("endpoints[" + std::to_string(i) + "]", "udp and tcp or tls cannot be mixed; make two exporters");
  if (out.size() > 1 && out[0].transport == Transport::udp)
    config.refuse("endpoints[1]", "over udp nobody learns that a receiver is away; name one only");
  return out;
}

// The daemon's own name where the operator gives none. Not what an event says: it would be believed.
std::string host_name_of(const Config& config) {
  std::string name = config.text("hostname", "");
  if (!name.empty()) {
    if (!is_header_word(name, kMaxHostName)) config.refuse("hostname", "must be printable ASCII without spaces");
    return name;
  }
  name = config.text("csiem.host_name", "");
  if (name.empty()) {
    char own[kMaxHostName + 1] = {};
    if (::gethostname(own, kMaxHostName) == 0) name = own;
  }
  for (char& c : name)
    if (c <= 0x20 || c >= 0x7f) c = '-';
  if (name.size() > kMaxHostName) name.resize(kMaxHostName);
  return name.empty() ? "-" : name;
}

HeaderSettings header_of(const Config& config) {
  HeaderSettings out;
  out.rfc3164 = config.text("header", "rfc5424") == "rfc3164";
  out.facility = facility_number(config.text("facility", "local0"));
  if (out.facility > 23) config.refuse("facility", "is none of auth, authpriv, audit and local0 to local7");
  for (std::size_t i = 0; i < out.severity.size(); ++i) {
    const std::string key = "severity_mapping." + std::string(kSeverities[i]);
    const int64_t number = config.integer(key, out.severity[i]);
    if (number < 0 || number > 7) config.refuse(key, "must be 0 (emergency) to 7 (debug)");
    out.severity[i] = static_cast<uint32_t>(number);
  }
  out.host_name = host_name_of(config);
  out.app_name = config.text("app_name", "clawdstrike");
  if (!is_header_word(out.app_name, kMaxAppName))
    config.refuse("app_name", "must be 1 to 48 printable ASCII characters without spaces");
  out.process_id = std::to_string(::getpid());
  out.local_time = config.text("timezone", "utc") == "local";
  out.tag = config.text("rfc3164_tag", "clawdstrike");
  if (!out.tag.empty() &&
      (out.tag.size() > kMaxTag || out.tag.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                             "0123456789_-./") != std::string::npos))
    config.refuse("rfc3164_tag", "must be at most 32 letters and digits, or empty");
  const int64_t enterprise = config.integer("enterprise_id", 0);
  if (config.boolean("structured_data", false)) {
    if (out.rfc3164) config.refuse("structured_data", "needs header = \"rfc5424\"");
    if (enterprise <= 0) config.refuse("enterprise_id", "structured data needs your private enterprise number");
    out.enterprise_id = static_cast<uint32_t>(enterprise);
  }
  return out;
}

TlsSettings tls_of(const Config& config) {
  TlsSettings out;
  out.verify = config.boolean("csiem.tls.verify", true);
  out.ca_file = config.text("csiem.tls.ca_file", "");
  out.cert_file = config.text("csiem.tls.cert_file", "");
  out.key_file = config.text("csiem.tls.key_file", "");
  out.min_version = config.text("csiem.tls.min_version", "1.2");
  out.server_name = config.text("tls.server_name", "");
  return out;
}

StreamSettings stream_of(const Config& config, std::vector<Endpoint> endpoints) {
  StreamSettings out;
  out.endpoints = std::move(endpoints);
  out.spread =
      config.text("strategy", "failover") == "round_robin" ? common::Spread::round_robin : common::Spread::failover;
  out.tls = tls_of(config);
  const std::string framing = config.text("framing", "auto");
  if (framing != "auto") out.framing = framing == "lf" ? Framing::lf : Framing::octet;
  out.rfc3164 = config.text("header", "rfc5424") == "rfc3164";
  out.resend = config.text("delivery", "resend") == "resend";
  out.resend_window = static_cast<std::size_t>(config.integer("resend_window", 100));
  out.timeout = std::chrono::milliseconds(config.integer("csiem.timeout_ms", 30'000));
  return out;
}

Verdict written() { return Verdict::of(CSIEM_DELIVERED, "written"); }

class Syslog final : public WorkerExporter {
 public:
  explicit Syslog(const Config& config)
      : endpoints_(endpoints_of(config)),
        header_(header_of(config)),
        datagrams_(!endpoints_.empty() && endpoints_[0].transport == Transport::udp),
        limit_(static_cast<std::size_t>(datagrams_ ? config.integer("max_udp_bytes", 1200)
                                                   : config.integer("max_message_bytes", 8000))),
        stream_settings_(stream_of(config, endpoints_)) {}
  ~Syslog() override { Syslog::stop(); }

  void start() override {
    if (datagrams_)
      udp_ = std::make_unique<Datagrams>(endpoints_.front());
    else
      receivers_ = std::make_unique<Receivers>(stream_settings_, host(), waiter_);
    WorkerExporter::start();
  }
  void stop() override {
    WorkerExporter::stop();
    if (receivers_) receivers_->close();
  }
  void interrupt() override { waiter_.interrupt(); }

  Verdict deliver(const csiem_batch& batch) override {
    waiter_.listen();
    if (batch.bodies == nullptr) return Verdict::of(CSIEM_CONFIG, "no_format", "the syslog exporter needs a format");
    Verdict verdict = written();
    write_messages(batch, verdict);
    udp_ ? send_datagrams(verdict) : send_streams(verdict);
    return whole(std::move(verdict), batch.count);
  }
  void idle() override {
    waiter_.listen();
    if (receivers_) receivers_->tend();
  }
  uint32_t idle_ms() const override { return receivers_ ? 1000 : 0; }

  Verdict probe() override {
    waiter_.listen();
    const auto failure = udp_ ? udp_->open(resolver_, waiter_, Clock::now() + kNameTimeout) : receivers_->probe();
    return failure ? Verdict::of(failure->outcome, failure->code, failure->message) : Verdict();
  }

 private:
  void write_messages(const csiem_batch& batch, Verdict& verdict) {
    messages_.clear();
    const bool json = common::is_json_type(view(batch.content_type));
    const int64_t now = host().unix_ns();
    const uint64_t shortened = messages_.shortened_count();
    for (uint32_t i = 0; i < batch.count; ++i)
      if (!messages_.add(header_, *batch.events[i], i, view(batch.bodies[i]), json, limit_, now))
        verdict.event(i, CSIEM_REJECT, 0, "syslog.too_large",
                      "the event cannot be shortened to " + std::to_string(limit_) + " bytes");
    if (messages_.shortened_count() > shortened) host().count("truncated", messages_.shortened_count() - shortened);
  }

  void send_streams(Verdict& verdict) {
    unsent_.clear();
    const auto failure = receivers_->send(messages_, unsent_);
    if (!failure) return;
    for (const std::size_t at : unsent_)
      verdict.event(messages_.all()[at].index, failure->outcome, 0, failure->code, failure->message);
  }

  void send_datagrams(Verdict& verdict) {
    uint64_t refused = 0;
    auto failure = udp_->open(resolver_, waiter_, Clock::now() + kNameTimeout);
    for (const Messages::Message& message : messages_.all()) {
      std::optional<Failure> own = failure ? failure : udp_->send(messages_.text(message), &refused);
      if (!own) continue;
      verdict.event(message.index, own->outcome, 0, own->code, own->message);
      if (own->outcome != CSIEM_REJECT) failure = std::move(own);
    }
    if (refused == 0) return;
    host().count("udp_refused", refused);
    host().log(CSIEM_LOG_WARN, "nobody listens on " + endpoints_.front().text + "; messages over UDP are lost",
               {{"refused", std::to_string(refused)}});
  }

  // One verdict for the batch when every event has the same.
  static Verdict whole(Verdict verdict, uint32_t count) {
    if (verdict.except.size() != count || count == 0) return verdict;
    const EventVerdict& first = verdict.except.front();
    for (const EventVerdict& one : verdict.except)
      if (one.outcome != first.outcome || one.code != first.code) return verdict;
    return Verdict::of(first.outcome, first.code, first.message);
  }

  std::vector<Endpoint> endpoints_;
  HeaderSettings header_;
  bool datagrams_;
  std::size_t limit_;  // bytes of one message
  StreamSettings stream_settings_;
  Waiter waiter_;
  Resolver resolver_;
  std::unique_ptr<Datagrams> udp_;
  std::unique_ptr<Receivers> receivers_;
  Messages messages_;
  std::vector<std::size_t> unsent_;
};

}  // namespace
}  // namespace csiem::syslog

CSIEM_EXPORTER(csiem::syslog::Syslog, "io.clawdstrike.siem.syslog", "syslog", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("Clawdstrike")
                   .license("Apache-2.0")
                   .description("Syslog messages over UDP, TCP and TLS")
                   .default_format("cef")
                   .accepts("*")
                   .flags(CSIEM_EXPORTER_PARTIAL),
               csiem::syslog::kSettings);
