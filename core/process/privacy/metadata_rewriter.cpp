#include "process/privacy/metadata_rewriter.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <csiem/json.hpp>
#include <vector>

#include "base/buffer.hpp"

namespace csiem::process {
namespace {

namespace json = boost::json;

struct Shared {
  FieldRules& fields;
  TextScanner& texts;
  KeyedHash& hash;
  std::string_view replacement;
};

// Keeps its memory from one text to the next.
struct Scratch {
  // A container that is open in the source.
  struct Level {
    bool array = false;
    bool written = false;  // its bracket; with keep_fields not before something inside stays
    bool comma = false;
    Action action = Action::leave;  // of what is inside: leave, keep or hash
    RedactionCounts::Counter* counter = nullptr;
    std::size_t names = 0;  // of path, that lead to it
    unsigned changed_names = 0;
  };
  Buffer out;
  std::vector<Level> levels;
  std::vector<std::string> path;  // more than are in use; [0] is "metadata"
  std::string key, text, number, new_key;
};

class Writer {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Writer(const Shared& shared, Scratch& scratch, bool scan)
      : s_(shared), m_(scratch), out_(scratch.out.writer()), scan_(scan) {
    m_.out.clear();
    m_.levels.clear();
    m_.key.clear();
    m_.text.clear();
    m_.number.clear();
    if (m_.path.empty()) m_.path.emplace_back("metadata");
  }
  bool changed() const { return changed_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) { return open(false); }
  bool on_object_end(std::size_t, json::error_code&) { return shut('}'); }
  bool on_array_begin(json::error_code&) { return open(true); }
  bool on_array_end(std::size_t, json::error_code&) { return shut(']'); }

  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    if (skipped_ == 0) m_.key.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    if (skipped_ != 0) return true;
    m_.key.append(s.data(), s.size());
    const std::size_t at = m_.levels.back().names;
    if (m_.path.size() <= at) m_.path.resize(at + 1);
    m_.path[at].swap(m_.key);
    m_.key.clear();
    return true;
  }

  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    if (skipped_ == 0) m_.text.append(s.data(), s.size());
    return true;
  }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    if (skipped_ != 0) return true;
    m_.text.append(s.data(), s.size());
    scalar(m_.text, true);
    m_.text.clear();
    return true;
  }
  bool on_number_part(json::string_view s, json::error_code&) {
    if (skipped_ == 0) m_.number.append(s.data(), s.size());
    return true;
  }
  bool on_int64(int64_t, json::string_view s, json::error_code&) { return number(s); }
  bool on_uint64(uint64_t, json::string_view s, json::error_code&) { return number(s); }
  bool on_double(double, json::string_view s, json::error_code&) { return number(s); }
  bool on_bool(bool v, json::error_code&) { return word(v ? "true" : "false"); }
  bool on_null(json::error_code&) { return word("null"); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  using Level = Scratch::Level;

  bool number(json::string_view s) {
    if (skipped_ != 0) return true;
    m_.number.append(s.data(), s.size());
    scalar(m_.number, false);
    m_.number.clear();
    return true;
  }
  bool word(std::string_view text) {
    if (skipped_ == 0) scalar(text, false);
    return true;
  }

  std::span<const std::string> path(std::size_t names) const { return {m_.path.data(), names}; }
  bool in_array() const { return !m_.levels.empty() && m_.levels.back().array; }
  // How many names lead to the value that begins now.
  std::size_t names_here() const {
    if (m_.levels.empty()) return 1;
    return m_.levels.back().names + (m_.levels.back().array ? 0 : 1);
  }
  // An array's elements are what the array is.
  Ruling ruling_here(bool is_scalar) const {
    const Ruling outer = m_.levels.empty() ? Ruling{} : Ruling{m_.levels.back().action, m_.levels.back().counter};
    if (in_array()) return outer;
    const Ruling own = s_.fields.metadata(path(names_here()), is_scalar);
    return own.action > outer.action ? own : outer;
  }

  void count(RedactionCounts::Counter* counter) {
    if (counter != nullptr) counter->add();
    changed_ = true;
  }

  // True when the value that begins now is dealt with: removed or replaced.
  bool ruled_out(const Ruling& ruling, bool container) {
    if (ruling.action == Action::drop ||
        (!container && ruling.action == Action::leave && s_.fields.keeps_only_named())) {
      count(ruling.action == Action::drop ? ruling.counter : s_.fields.left_out());
    } else if (ruling.action == Action::redact) {
      count(ruling.counter);
      write_prefix();
      out_.string(s_.replacement);
    } else {
      return false;
    }
    if (container) skipped_ = 1;
    return true;
  }

  bool open(bool array) {
    if (skipped_ != 0) {
      ++skipped_;
      return true;
    }
    const bool root = m_.levels.empty();
    Ruling ruling = ruling_here(false);
    // Metadata is an object whatever the rules are: what they say of it holds for its members.
    if (!root && ruled_out(ruling, true)) return true;
    const std::size_t names = names_here();
    if (!root && ruling.action == Action::leave && !s_.fields.keeps_only_named()) write_prefix();
    if (!root && ruling.action > Action::leave) write_prefix();
    Level level;
    level.array = array;
    level.action = ruling.action;
    level.counter = ruling.counter;
    level.names = names;
    level.written = root || ruling.action > Action::leave || !s_.fields.keeps_only_named();
    m_.levels.push_back(level);
    if (level.written) out_.byte(array ? '[' : '{');
    return true;
  }

  bool shut(char bracket) {
    if (skipped_ != 0) {
      --skipped_;
      return true;
    }
    if (m_.levels.back().written) out_.byte(bracket);
    if (!m_.levels.back().written) changed_ = true;
    m_.levels.pop_back();
    return true;
  }

  void scalar(std::string_view text, bool is_string) {
    const Ruling ruling = ruling_here(true);
    if (ruled_out(ruling, false)) return;
    const bool null = !is_string && text == "null";
    if (ruling.action == Action::hash && !null) {
      count(ruling.counter);
      write_prefix();
      out_.string(s_.hash.ready() ? s_.hash.of(text) : s_.replacement);
      return;
    }
    const bool literal = !is_string && (null || text == "true" || text == "false");
    const std::string* cleaned = nullptr;
    if (scan_ && !literal) {
      cleaned = s_.texts.cleaned(text, enclosing_name());
      if (cleaned != nullptr) {
        changed_ = true;
        m_.text.assign(*cleaned);  // before the key is looked at, which asks the same scanner
        text = m_.text;
        is_string = true;
      }
    }
    write_prefix();
    if (is_string)
      out_.string(text);
    else
      out_.raw(text);
  }

  // The name of the innermost member that the value belongs to.
  std::string_view enclosing_name() const {
    const std::size_t names = names_here();
    return names > 1 ? std::string_view(m_.path[names - 1]) : std::string_view();
  }

  // What stands before a value: brackets that were held back, the comma, the name.
  void write_prefix() {
    for (std::size_t i = 1; i < m_.levels.size(); ++i) {
      if (m_.levels[i].written) continue;
      write_place(m_.levels[i - 1], m_.levels[i].names);
      out_.byte(m_.levels[i].array ? '[' : '{');
      m_.levels[i].written = true;
    }
    if (!m_.levels.empty()) write_place(m_.levels.back(), names_here());
  }

  void write_place(Level& in, std::size_t names) {
    if (in.comma) out_.byte(',');
    in.comma = true;
    if (in.array) return;
    const std::string& name = m_.path[names - 1];
    const std::string* cleaned = scan_ ? s_.texts.cleaned(name) : nullptr;
    if (cleaned == nullptr) {
      out_.string(name);
    } else {
      // Two names must not become the same one.
      changed_ = true;
      m_.new_key.assign(*cleaned);
      if (++in.changed_names > 1) m_.new_key += " " + std::to_string(in.changed_names);
      out_.string(m_.new_key);
    }
    out_.byte(':');
  }

  const Shared& s_;
  Scratch& m_;
  Out out_;
  const bool scan_;
  bool changed_ = false;
  std::size_t skipped_ = 0;  // open containers of a value that goes
};

}  // namespace

struct MetadataRewriter::Impl {
  Shared shared;
  RedactionCounts::Counter* unreadable;
  Scratch scratch;
};

MetadataRewriter::MetadataRewriter(FieldRules& fields, TextScanner& texts, KeyedHash& hash,
                                   std::string_view replacement, RedactionCounts::Counter* unreadable)
    : impl_(new Impl{{fields, texts, hash, replacement}, unreadable, {}}) {}
MetadataRewriter::~MetadataRewriter() = default;

std::string_view MetadataRewriter::rewritten(std::string_view text, bool scan) {
  json::parse_options options;
  options.max_depth = 1024;
  json::basic_parser<Writer> parser(options, impl_->shared, impl_->scratch, scan);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || used != text.size()) {
    impl_->unreadable->add();
    return "{}";
  }
  return parser.handler().changed() ? impl_->scratch.out.view() : std::string_view();
}

}  // namespace csiem::process
