// Fields taken out of JSON documents.
#include <csiem/json.hpp>

#include <utility>

#include "base/buffer.hpp"
#include "schema/field_tree.hpp"
#include "schema/json_splitter.hpp"

namespace csiem::schema {
namespace {

class JsonFields final : public OutputFields {
 public:
  JsonFields(FieldTree tree, bool all, bool ocsf) : tree_(std::move(tree)), all_(all), ocsf_(ocsf) {}

  void apply(std::string_view encoded, csiem_writer& out) override {
    made_.clear();
    Out writer(out);
    writer.raw(object(encoded, tree_, all_, 0) ? made_.view() : std::string_view("{}"));
  }

 private:
  static bool stays(const FieldTree& node, bool stays_above) {
    return stays_above || node.included || (node.required && node.children.empty());
  }

  // Each of these writes what is left, and false means that nothing was. `all`: what no list names stays.
  bool value(std::string_view text, const FieldTree& node, bool all, std::size_t depth) {
    if (node.excluded) return false;
    all = stays(node, all);
    if (!node.children.empty() && text.starts_with('{')) return object(text, node, all, depth);
    if (!node.children.empty() && text.starts_with("[{")) return array(text, node, all, depth);
    if (!all && !node.required) return false;
    made_.append(text);
    return true;
  }

  bool object(std::string_view text, const FieldTree& node, bool all, std::size_t depth) {
    const std::size_t begin = made_.size();
    bool any = false;
    made_.append("{");
    each(text, [&](const Member& member) {
      const FieldTree* const child = node.find(member.key);
      if (child == nullptr && !all) return;
      const std::size_t before = made_.size();
      made_.append(any ? ",\"" : "\"");
      made_.append(member.key);
      made_.append("\":");
      bool written = true;
      if (ocsf_ && depth == 0 && member.key == "observables") {
        written = observables(member.value, child, all);
      } else if (child == nullptr) {
        made_.append(member.value);
      } else {
        written = value(member.value, *child, all, depth + 1);
      }
      if (!written) made_.truncate(before);
      any = any || written;
    });
    return close("}", begin, any);
  }

  bool array(std::string_view text, const FieldTree& node, bool all, std::size_t depth) {
    const std::size_t begin = made_.size();
    bool any = false;
    made_.append("[");
    each(text, [&](const Member& element) {
      const std::size_t before = made_.size();
      if (any) made_.append(",");
      const bool written = element.value.starts_with('{') ? object(element.value, node, all, depth + 1) : all;
      if (written && !element.value.starts_with('{')) made_.append(element.value);
      if (!written) made_.truncate(before);
      any = any || written;
    });
    return close("]", begin, any);
  }

  bool close(std::string_view end, std::size_t begin, bool any) {
    if (any) {
      made_.append(end);
    } else {
      made_.truncate(begin);
    }
    return any;
  }

  // OCSF: an observable repeats a value of the event, and goes with it.
  bool observables(std::string_view text, const FieldTree* node, bool all) {
    if (node != nullptr && node->excluded) return false;
    if (!all && (node == nullptr || !node->included)) return false;
    const std::size_t begin = made_.size();
    bool any = false;
    made_.append("[");
    each(text, [&](const Member& element) {
      if (!names_what_stays(element.value)) return;
      if (any) made_.append(",");
      made_.append(element.value);
      any = true;
    });
    return close("]", begin, any);
  }

  bool names_what_stays(std::string_view observable) const {
    constexpr std::string_view kName = "{\"name\":\"";
    if (!observable.starts_with(kName)) return true;
    std::string_view path = observable.substr(kName.size(), observable.find('"', kName.size()) - kName.size());
    const FieldTree* node = &tree_;
    bool all = all_;
    for (;;) {
      const std::size_t dot = path.find('.');
      const std::string_view segment = path.substr(0, dot);
      node = node->find(segment.substr(0, segment.find('[')));
      if (node == nullptr) return all;
      if (node->excluded) return false;
      all = stays(*node, all);
      if (dot == std::string_view::npos) return all || node->required;
      path.remove_prefix(dot + 1);
    }
  }

  // Members of one level are kept apart from those of the levels above, which are still being read.
  template <class Use>
  void each(std::string_view text, Use use) {
    const std::size_t level = ++open_;
    if (members_.size() < level) members_.resize(level);
    std::vector<Member> members = std::move(members_[level - 1]);
    if (Splitter(text).split(members))
      for (const Member& one : members) use(one);
    members_[level - 1] = std::move(members);
    --open_;
  }

  const FieldTree tree_;
  const bool all_, ocsf_;
  Buffer made_;
  std::size_t open_ = 0;
  std::vector<std::vector<Member>> members_;  // by level
};

}  // namespace

std::unique_ptr<OutputFields> json_fields(FieldTree tree, bool all, bool ocsf) {
  return std::make_unique<JsonFields>(std::move(tree), all, ocsf);
}

}  // namespace csiem::schema
