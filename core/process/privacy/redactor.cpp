#include "process/privacy/redactor.hpp"

#include <csiem/json.hpp>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "event/canonical.hpp"
#include "process/privacy/field_rules.hpp"
#include "process/privacy/keyed_hash.hpp"
#include "process/privacy/metadata_rewriter.hpp"
#include "process/privacy/model_fields.hpp"
#include "process/privacy/text_scanner.hpp"
#include "process/privacy/unread_line.hpp"

namespace csiem::process {
namespace {

// Of a line that is no event so much is looked at and kept; the quarantine keeps less.
constexpr std::size_t kKeptLineBytes = 64 * 1024;

// The mapping reads a host in brackets as the address inside them; what is stored must read back as what it is.
std::string_view without_brackets(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

struct Redactor::Impl {
  explicit Impl(const PrivacySettings& given)
      : settings(given),
        fields(settings, counts),
        texts(settings, counts),
        error(counts.add_rule("unreadable")),
        withheld(counts.add_rule("withheld_line")),
        metadata(fields, texts, hash, settings.replacement, error) {}

  bool active() const { return !texts.idle() || settings.field_rules(); }

  void put(csiem_event& event, const ModelField& field, std::string_view text, Arena& arena) {
    if (field.text == &csiem_event::resource_host) text = without_brackets(text);
    event.*field.text = str(arena.copy(text));
  }

  bool rule_model(csiem_event& event, Arena& arena) {
    bool changed = false;
    const auto all = model_fields();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Ruling& ruling = fields.model()[i];
      if (ruling.action == Action::leave || ruling.action == Action::keep || !has_field(event, all[i])) continue;
      if (ruling.action == Action::drop) {
        remove_field(event, all[i]);
      } else {
        const bool hashed = ruling.action == Action::hash && hash.ready();
        put(event, all[i], hashed ? hash.of(view(event.*all[i].text)) : settings.replacement, arena);
      }
      ruling.counter->add();
      changed = true;
    }
    return changed;
  }

  bool scan_model(csiem_event& event, Arena& arena) {
    bool changed = false;
    for (const ModelField& field : model_fields()) {
      if (!scanned(field) || !present(event.*field.text)) continue;
      const std::string* cleaned = texts.cleaned(view(event.*field.text));
      if (cleaned == nullptr) continue;
      changed = true;
      if (field.need == Need::removable) {
        remove_field(event, field);
      } else if (field.text == &csiem_event::schema_version) {
        event.schema_version = str("1.0.0");
      } else {
        put(event, field, *cleaned, arena);
      }
    }
    return changed;
  }

  // Members that can hold free text. The others are identifiers and words that the mapping made sure of.
  static bool scanned(const ModelField& field) {
    return field.text != nullptr && (field.need != Need::fixed || field.text == &csiem_event::schema_version);
  }

  bool redact_labels(csiem_event& event, Arena& arena, bool scan) {
    new_labels.clear();
    bool changed = false;
    unsigned changed_names = 0;
    for (uint64_t i = 0; i < event.label_count; ++i) {
      csiem_kv label = event.labels[i];
      Ruling ruling = fields.on_labels() ? fields.label(view(label.key)) : Ruling{};
      if (ruling.action == Action::leave && fields.keeps_only_named()) ruling = {Action::drop, fields.left_out()};
      if (ruling.counter != nullptr) {
        ruling.counter->add();
        changed = true;
      }
      if (ruling.action == Action::drop) continue;
      const bool stays = ruling.action == Action::leave || ruling.action == Action::keep;
      if (!stays) {
        const bool hashed = ruling.action == Action::hash && hash.ready();
        label.value = str(arena.copy(hashed ? hash.of(view(label.value)) : settings.replacement));
      }
      if (scan) {
        if (const std::string* cleaned = stays ? texts.cleaned(view(label.value), view(label.key)) : nullptr) {
          label.value = str(arena.copy(*cleaned));
          changed = true;
        }
        if (const std::string* cleaned = texts.cleaned(view(label.key))) {
          std::string name = *cleaned;
          if (++changed_names > 1) name += " " + std::to_string(changed_names);
          label.key = str(arena.copy(name));
          changed = true;
        }
      }
      new_labels.push_back(label);
    }
    if (!changed) return false;
    auto* labels = arena.allocate_array<csiem_kv>(new_labels.size());
    std::copy(new_labels.begin(), new_labels.end(), labels);
    event.labels = labels;
    event.label_count = new_labels.size();
    return true;
  }

  bool redact_metadata(csiem_event& event, Arena& arena, bool scan) {
    if (event.metadata_json.len <= 2) return false;  // "{}"
    const std::string_view text = metadata.rewritten(view(event.metadata_json), scan);
    if (text.data() == nullptr) return false;
    event.metadata_json = str(arena.copy(text));
    return true;
  }

  // Every free text of the event in one, for one look at all of them.
  std::string_view joined(const csiem_event& event) {
    all_texts.clear();
    for (const ModelField& field : model_fields()) {
      if (!scanned(field) || !present(event.*field.text)) continue;
      all_texts.append(view(event.*field.text));
      all_texts.append("\n");
    }
    for (uint64_t i = 0; i < event.label_count; ++i) {
      all_texts.append(view(event.labels[i].key));
      all_texts.append(":");
      all_texts.append(view(event.labels[i].value));
      all_texts.append("\n");
    }
    all_texts.append(view(event.metadata_json));
    return all_texts.view();
  }

  void redact(csiem_event& event, Arena& arena) {
    bool changed = fields.on_model() && rule_model(event, arena);
    const bool scan = !texts.idle() && texts.may_find(joined(event), view(event.metadata_json));
    if (scan) changed = scan_model(event, arena) || changed;
    if (scan || fields.on_labels()) changed = redact_labels(event, arena, scan) || changed;
    if (scan || fields.on_metadata()) changed = redact_metadata(event, arena, scan) || changed;
    if (!changed) return;
    canonical.clear();
    event::write_canonical(event, canonical.writer());
    event.canonical_json = str(arena.copy(canonical.view()));
  }

  const PrivacySettings settings;
  RedactionCounts counts;
  FieldRules fields;
  TextScanner texts;
  KeyedHash hash;
  RedactionCounts::Counter* error;
  RedactionCounts::Counter* withheld;
  MetadataRewriter metadata;
  Buffer all_texts, canonical;
  std::vector<csiem_kv> new_labels;
  std::string line_text;
};

Redactor::Redactor(const PrivacySettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Redactor::~Redactor() = default;

void Redactor::redact(event::BatchBuilder& batch, std::size_t first) {
  if (!impl_->active()) return;
  for (csiem_event& event : batch.events().subspan(first)) impl_->redact(event, batch.arena());
}

std::string_view Redactor::unread_line(std::string_view line) {
  if (impl_->settings.field_rules()) {
    impl_->withheld->add();
    impl_->line_text = "[withheld: " + std::to_string(line.size()) + " bytes]";
    return impl_->line_text;
  }
  if (impl_->texts.idle()) return line;
  line = line.substr(0, kKeptLineBytes);
  undo_escapes(line, impl_->line_text);
  const std::string* cleaned = impl_->texts.cleaned(impl_->line_text);
  return cleaned == nullptr ? line : std::string_view(*cleaned);
}

bool Redactor::needs_key() const { return !impl_->settings.hash_fields.empty() && !impl_->hash.ready(); }
bool Redactor::set_key(std::string_view key) { return impl_->hash.set_key(key); }
const RedactionCounts& Redactor::counts() const { return impl_->counts; }

}  // namespace csiem::process
