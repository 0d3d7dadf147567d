// Pairs taken out of lines of CEF; the header stays as it is.
#include <csiem/json.hpp>

#include <algorithm>

#include "schema/cef_pairs.hpp"
#include "schema/field_tree.hpp"

namespace csiem::schema {
namespace {

bool among(const std::vector<std::string>& list, std::string_view key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

class CefFields final : public OutputFields {
 public:
  explicit CefFields(const FieldLists& lists) : lists_(lists) {}

  void apply(std::string_view encoded, csiem_writer& out) override {
    Out writer(out);
    const std::size_t begin = cef::extension_begin(encoded);
    writer.raw(encoded.substr(0, begin));
    bool first = true;
    writer.raw(cef::each_pair(encoded.substr(begin), [&](std::string_view key, std::string_view pair) {
      if (!stays(key)) return;
      if (!first) writer.byte(' ');
      first = false;
      writer.raw(pair);
    }));
  }

 private:
  // A label goes with its key.
  bool stays(std::string_view key) const {
    if (key.ends_with("Label")) key.remove_suffix(5);
    return (lists_.include.empty() || among(lists_.include, key)) && !among(lists_.exclude, key);
  }

  const FieldLists lists_;
};

}  // namespace

std::unique_ptr<OutputFields> cef_fields(const FieldLists& lists) { return std::make_unique<CefFields>(lists); }

}  // namespace csiem::schema
