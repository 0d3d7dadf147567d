#include "cli/rehearsal.hpp"

#include <algorithm>
#include <utility>

#include "ingest/ingest.hpp"
#include "pipeline/intake.hpp"

namespace csiem::cli {
namespace {

process::StampSettings stamp_settings(const Setup& setup, const std::string& host_name) {
  auto global = setup.loaded.configuration.global;
  global.host_name = host_name;
  return pipeline::stamp_settings(global);
}

}  // namespace

// An exporter with its filter and format.
struct Rehearsal::Lane {
  explicit Lane(const config::Exporter& given) : exporter(given), filter(given.filter) {}
  const config::Exporter& exporter;
  process::Filter filter;
  std::string format;
  std::unique_ptr<plugin::FormatInstance> instance;  // null: takes no formatted events
  std::unique_ptr<schema::FieldMoves> moves;
  std::unique_ptr<schema::Validator> validator;
};

Rehearsal::Rehearsal(Setup& setup, int64_t now_unix_ns, std::string host_name)
    : setup_(setup),
      now_(now_unix_ns),
      host_name_(std::move(host_name)),
      stamper_(stamp_settings(setup, host_name_)),
      redactor_(setup.loaded.configuration.privacy.rules),
      filtering_(setup.loaded.configuration.filtering) {}
Rehearsal::~Rehearsal() = default;

Result<void> Rehearsal::take(std::string_view record, bool strict) {
  (void)events_.seal(0);
  ingest::Options options;
  options.attack = setup_.loaded.configuration.global.attack;
  options.strict = strict;
  ingest::Mapper mapper(std::move(options));
  if (record.size() > ingest::Options{}.max_line_bytes) return Error{Code::invalid, "not an event: too long"};
  const auto mapped = mapper.map(record, now_, events_);
  if (mapped.rejected != 0) {
    std::string what = "not an event: " + std::string(ingest::reject_word(mapped.reason));
    if (!mapped.detail.empty()) what += ": " + std::string(mapped.detail);
    return Error{Code::invalid, std::move(what)};
  }
  if (events_.size() != 1)
    return Error{Code::invalid, "the record gives " + std::to_string(events_.size()) + " events, a test takes one"};
  stamper_.stamp(events_, 0, now_);
  redactor_.redact(events_, 0);
  return {};
}

Result<Rehearsal::Lane*> Rehearsal::lane(const std::string& id) {
  if (const auto known = lanes_.find(id); known != lanes_.end()) return known->second.get();
  const auto& all = setup_.loaded.configuration.exporters;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == id; });
  if (found == all.end()) return Error{Code::invalid, "no exporter '" + id + "' in the configuration"};
  auto made = std::make_unique<Lane>(*found);
  if (found->enabled) CS_CHECK(open_format(*made));
  return (lanes_[id] = std::move(made)).get();
}

Result<void> Rehearsal::open_format(Lane& lane) {
  const auto& configuration = setup_.loaded.configuration;
  const auto& exporter = lane.exporter;
  CS_TRY(component, setup_.plugins->exporter(exporter.type));
  // A golden file has to survive an update of the program, so the version in it is none.
  schema::SchemaRegistry schemas(*setup_.plugins, {host_name_, "test"});
  CS_TRY(format, schemas.choose(*component, exporter.format, configuration.schema.default_format));
  if (format == nullptr) return {};
  CS_TRY(instance, plugin::FormatInstance::create(*format, slot_, schemas.config_json(*format, exporter.output)));
  lane.format = format->name;
  lane.instance = std::move(instance);
  lane.moves = schema::FieldMoves::make(lane.format, exporter.output);
  lane.validator = schema::make_validator(lane.format, exporter.output);
  return {};
}

Result<Rehearsed> Rehearsal::at(const std::string& id) {
  CS_TRY(lane, this->lane(id));
  const csiem_event& event = events_.events().front();
  const auto& exporter = lane->exporter;
  Rehearsed out;
  out.exporter = &exporter;
  if (!exporter.enabled) {
    out.kept_back = "exporter disabled";
  } else if (const char* global = filtering_.refusal(event, now_); global != nullptr) {
    out.kept_back = "[filtering] (" + std::string(global) + ")";
  } else if (const char* own = lane->filter.refusal(event, now_); own != nullptr) {
    out.kept_back = "filter (" + std::string(own) + ")";
  }
  if (!out.kept_back.empty()) return out;
  out.destination = &exporter.fallback;
  for (const auto& route : exporter.routes)
    if (!route.when || route.when->matches(event, now_)) {
      out.destination = &route;
      break;
    }
  out.sent = true;
  if (lane->instance) CS_CHECK(encode(*lane, event, out));
  return out;
}

Result<void> Rehearsal::encode(Lane& lane, const csiem_event& event, Rehearsed& out) {
  out.format = lane.format;
  buffer_.clear();
  if (auto encoded = lane.instance->encode(event, buffer_.writer()); !encoded) {
    out.sent = false;
    out.kept_back = "dead letter of class format: " + encoded.error().what();
    return {};
  }
  if (lane.moves) {
    const std::string plain(buffer_.view());
    buffer_.clear();
    lane.moves->apply(event, plain, buffer_.writer());
  }
  out.payload = std::string(buffer_.view());
  out.checked = lane.validator != nullptr;
  if (out.checked && !lane.validator->check(out.payload, out.violations) &&
      lane.exporter.output.validate == schema::Validation::enforce) {
    out.sent = false;
    out.kept_back = "dead letter of class format: " + out.violations.front().path + ": " + out.violations.front().rule;
  }
  return {};
}

}  // namespace csiem::cli
