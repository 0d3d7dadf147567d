// clawdstrike-siem transform: events in, formatted events out, with an optional check against the schema.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "cli/arguments.hpp"
#include "cli/pretty.hpp"
#include "cli/probe.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "event/batch.hpp"
#include "ingest/ingest.hpp"
#include "pipeline/intake.hpp"
#include "process/privacy/redactor.hpp"
#include "process/stamp.hpp"
#include "schema/field_moves.hpp"
#include "schema/output_fields.hpp"
#include "schema/schema_registry.hpp"
#include "schema/validator.hpp"

namespace csiem::cli {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

// One format with all that is needed to encode and check.
struct Encoder {
  std::string name;
  std::unique_ptr<plugin::FormatInstance> instance;
  std::unique_ptr<schema::FieldMoves> moves;
  std::unique_ptr<schema::OutputFields> fields;
  std::unique_ptr<schema::Validator> validator;
};

class Transform {
 public:
  explicit Transform(const Arguments& arguments) : arguments_(arguments), t_(arguments.transform) {}

  int go() {
    if (t_.format.empty() && t_.exporter.empty()) {
      std::fputs("clawdstrike-siem: transform needs --format NAME or --exporter ID\n", stderr);
      return kUsage;
    }
    if (const int status = prepare(); status != kOk) return status;
    return read_all();
  }

 private:
  int prepare() {
    if (!t_.exporter.empty()) {
      setup_ = load_setup(arguments_.global, {});
      if (!print_diagnostics(setup_.loaded, arguments_.global)) return kConfig;
      return prepare_exporter();
    }
    if (const int status = prepare_configuration(); status != kOk) return status;
    auto names = setup_.plugins->names("format");
    std::sort(names.begin(), names.end());
    if (t_.format != "all") names = {t_.format};
    for (const auto& name : names)
      if (const int status = add_format(name); status != kOk) return status;
    return kOk;
  }

  // The configuration that the command line or the environment names; without one the defaults apply.
  int prepare_configuration() {
    const char* const named = std::getenv("CLAWDSTRIKE_SIEM_CONFIG");
    if (arguments_.global.config.empty() && (named == nullptr || *named == '\0')) {
      setup_.plugins = plain_registry(arguments_.global);
      return kOk;
    }
    setup_ = load_setup(arguments_.global, {});
    if (!print_diagnostics(setup_.loaded, arguments_.global)) return kConfig;
    prepare_events();
    return kOk;
  }

  // What the daemon does to every event before it is stored.
  void prepare_events() {
    const auto& configuration = setup_.loaded.configuration;
    ingest::Options options;
    options.attack = configuration.global.attack;
    mapper_ = std::make_unique<ingest::Mapper>(std::move(options));
    stamper_ = std::make_unique<process::Stamper>(pipeline::stamp_settings(configuration.global));
    redactor_ = std::make_unique<process::Redactor>(configuration.privacy.rules);
    if (redactor_->needs_key() && !arguments_.global.quiet)
      std::fputs("note: credentials are not read here; hashed fields show privacy.replacement\n", stderr);
  }

  schema::SchemaRegistry registry() {
    const auto& configuration = setup_.loaded.configuration;
    return {*setup_.plugins, {configuration.global.host_name, "transform"}};
  }

  // Of the exporter, else of [schema].
  const schema::OutputSettings& output() const {
    return exporter_ != nullptr ? exporter_->output : setup_.loaded.configuration.schema.output;
  }

  int add_format(const std::string& name) {
    const auto component = setup_.plugins->format(name);
    if (!component) {
      print_error(component.error());
      return kConfig;
    }
    const auto schemas = registry();
    auto instance = plugin::FormatInstance::create(**component, slot_, schemas.config_json(**component, output()));
    if (!instance) {
      print_error(instance.error());
      return kConfig;
    }
    encoders_.push_back({name, std::move(*instance), schema::FieldMoves::make(name, output()),
                         schema::OutputFields::make(name, output()), schema::make_validator(name, output())});
    if (t_.check && !encoders_.back().validator)
      std::fprintf(stderr, "note: there are no rules to check format '%s' against\n", name.c_str());
    return kOk;
  }

  int prepare_exporter() {
    for (const auto& exporter : setup_.loaded.configuration.exporters)
      if (exporter.id == t_.exporter) exporter_ = &exporter;
    if (exporter_ == nullptr) {
      std::fprintf(stderr, "clawdstrike-siem: no exporter '%s' in the configuration\n", t_.exporter.c_str());
      return kUsage;
    }
    filter_ = std::make_unique<process::Filter>(exporter_->filter);
    prepare_events();
    const auto component = setup_.plugins->exporter(exporter_->type);
    if (!component) {
      print_error(component.error());
      return kConfig;
    }
    component_ = *component;
    auto schemas = registry();
    const auto format = schemas.choose(*component_, t_.format.empty() ? exporter_->format : t_.format,
                                       setup_.loaded.configuration.schema.default_format);
    if (!format) {
      print_error(format.error());
      return kConfig;
    }
    return *format == nullptr ? kOk : add_format((*format)->name);
  }

  int read_all() {
    Fd file;
    int fd = 0;
    if (t_.input != "-") {
      file = Fd(::open(t_.input.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file) {
        std::fprintf(stderr, "clawdstrike-siem: %s: %s\n", t_.input.c_str(), errno_text(errno).c_str());
        return kIo;
      }
      fd = file.get();
    }
    const std::size_t longest = ingest::Options{}.max_line_bytes;
    bool skipping = false;  // the rest of a line that is too long
    std::string pending;
    std::vector<char> chunk(kReadBytes);
    for (;;) {
      const ssize_t n = ::read(fd, chunk.data(), chunk.size());
      if (n < 0) {
        std::fprintf(stderr, "clawdstrike-siem: %s: %s\n", t_.input.c_str(), errno_text(errno).c_str());
        return kIo;
      }
      if (n == 0) break;
      pending.append(chunk.data(), static_cast<std::size_t>(n));
      std::size_t from = 0;
      if (skipping) {
        const std::size_t feed = pending.find('\n');
        if (feed == std::string::npos) {
          pending.clear();
          continue;
        }
        from = feed + 1;
        skipping = false;
      }
      for (std::size_t feed = pending.find('\n', from); feed != std::string::npos; feed = pending.find('\n', from)) {
        line(std::string_view(pending).substr(from, feed - from));
        from = feed + 1;
      }
      pending.erase(0, from);
      if (pending.size() > longest) {
        line(pending);  // says that it is too long
        pending.clear();
        skipping = true;
      }
      if (!emit()) return output_failed();
    }
    if (!pending.empty()) line(pending);
    return emit() ? result() : output_failed();
  }

  static int output_failed() {
    std::fprintf(stderr, "clawdstrike-siem: standard output: %s\n", errno_text(errno).c_str());
    return kIo;
  }

  void line(std::string_view text) {
    ++line_number_;
    const auto mapped = mapper_->map(text, system_clock().unix_ns(), events_);
    if (mapped.rejected == 0) return;
    rejected_ += mapped.rejected;
    const auto reason = ingest::reject_word(mapped.reason);
    std::fprintf(stderr, "%s:%llu: not an event: %.*s%s%.*s\n", t_.input == "-" ? "<stdin>" : t_.input.c_str(),
                 static_cast<unsigned long long>(line_number_), static_cast<int>(reason.size()), reason.data(),
                 mapped.detail.empty() ? "" : ": ", static_cast<int>(mapped.detail.size()), mapped.detail.data());
  }

  // Encodes and prints what was mapped since the last call. False when the output takes no more.
  bool emit() {
    if (events_.size() == 0) return true;
    const int64_t now = system_clock().unix_ns();
    stamper_->stamp(events_, 0, now);
    if (redactor_) redactor_->redact(events_, 0);
    for (const auto& event : events_.events()) {
      ++seen_;
      if (filter_ && filter_->refusal(event, now) != nullptr) {
        ++filtered_;
      } else if (exporter_ != nullptr) {
        wire(event, now);
      } else {
        print_formats(event);
      }
    }
    (void)events_.seal(0);
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  }

  bool encode(Encoder& encoder, const csiem_event& event) {
    buffer_.clear();
    if (auto encoded = encoder.instance->encode(event, buffer_.writer()); !encoded) {
      std::fprintf(stderr, "event %.*s: %s: %s [CS4033]\n", static_cast<int>(event.event_id.len), event.event_id.ptr,
                   encoder.name.c_str(), encoded.error().what().c_str());
      ++violations_;
      return false;
    }
    if (encoder.moves) {
      const std::string plain(buffer_.view());
      buffer_.clear();
      encoder.moves->apply(event, plain, buffer_.writer());
    }
    if (encoder.fields) {
      const std::string whole(buffer_.view());
      buffer_.clear();
      encoder.fields->apply(whole, buffer_.writer());
    }
    if (!t_.check || !encoder.validator) return true;
    std::vector<schema::Violation> found;
    if (encoder.validator->check(buffer_.view(), found)) return true;
    ++violations_;
    for (const auto& violation : found)
      std::fprintf(stderr, "event %.*s: %s: %s: %s (%s)\n", static_cast<int>(event.event_id.len), event.event_id.ptr,
                   encoder.name.c_str(), violation.path.c_str(), violation.rule.c_str(), violation.detail.c_str());
    return true;
  }

  void print_formats(const csiem_event& event) {
    if (t_.diff) std::printf("=== %.*s\n", static_cast<int>(event.event_id.len), event.event_id.ptr);
    for (auto& encoder : encoders_) {
      if (!encode(encoder, event)) continue;
      if (t_.diff) {
        std::printf("--- %s\n%s\n", encoder.name.c_str(), pretty_json(buffer_.view()).c_str());
      } else {
        buffer_.append("\n");
        std::fwrite(buffer_.view().data(), 1, buffer_.size(), stdout);
      }
    }
  }

  // The request that would carry this event alone.
  void wire(const csiem_event& event, int64_t now) {
    csiem_str body{};
    if (!encoders_.empty()) {
      if (!encode(encoders_.front(), event)) return;
      const std::string_view bytes = buffer_.view();
      body = {bytes.data(), bytes.size()};
    }
    if ((component_->exporter.flags & CSIEM_EXPORTER_OWN_IO) != 0) {
      std::printf("%.*s\n", static_cast<int>(body.len), body.ptr);
      return;
    }
    const config::Destination* destination = &exporter_->fallback;
    for (const auto& route : exporter_->routes)
      if (!route.when || route.when->matches(event, now)) {
        destination = &route;
        break;
      }
    RequestPrinter host([](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); },
                        destination->masked);
    auto instance =
        plugin::ExporterInstance::create(*component_, host, slot_, exporter_->id, destination->settings_json);
    if (!instance) {
      print_error(instance.error());
      ++violations_;
      return;
    }
    host.lend_secrets();
    const csiem_event* events[] = {&event};
    csiem_batch batch{};
    batch.struct_size = sizeof batch;
    batch.count = 1;
    batch.batch_id = 1;
    batch.events = events;
    batch.bodies = encoders_.empty() ? nullptr : &body;
    if (!encoders_.empty()) {
      const std::string& type = encoders_.front().instance->component().content_type;
      batch.content_type = {type.data(), type.size()};
    }
    batch.idempotency_key = event.event_id;
    std::string error;
    if ((*instance)->submit(batch, 1, &error) != CSIEM_OK)
      std::fprintf(stderr, "%s: %s\n", exporter_->id.c_str(), error.c_str());
    (*instance)->cancel(1);
  }

  int result() {
    if (!arguments_.global.quiet && (t_.check || rejected_ > 0 || filtered_ > 0))
      std::fprintf(stderr, "%llu events, %llu rejected lines, %llu filtered, %llu invalid\n",
                   static_cast<unsigned long long>(seen_), static_cast<unsigned long long>(rejected_),
                   static_cast<unsigned long long>(filtered_), static_cast<unsigned long long>(violations_));
    if (violations_ > 0) return kNo;
    return seen_ == 0 && rejected_ > 0 ? kData : kOk;
  }

  const Arguments& arguments_;
  const TransformArguments& t_;
  Setup setup_;
  plugin::CallSlot slot_;
  std::vector<Encoder> encoders_;
  const config::Exporter* exporter_ = nullptr;
  const plugin::Component* component_ = nullptr;
  std::unique_ptr<process::Filter> filter_;
  std::unique_ptr<process::Redactor> redactor_;  // of the configuration; null without one
  std::unique_ptr<ingest::Mapper> mapper_ = std::make_unique<ingest::Mapper>(ingest::Options{});
  event::BatchBuilder events_{event::BatchPool::create()};
  std::unique_ptr<process::Stamper> stamper_ = std::make_unique<process::Stamper>(process::StampSettings{});
  Buffer buffer_;
  uint64_t line_number_ = 0, seen_ = 0, rejected_ = 0, filtered_ = 0, violations_ = 0;
};

}  // namespace

int transform(const Arguments& arguments) { return Transform(arguments).go(); }

}  // namespace csiem::cli
