// An exporter's routes: each is the exporter's settings with its own over them.
#include "config/exporter_reader.hpp"
#include "config/merge.hpp"

namespace csiem::config {

// A route may set the plugin's settings only: batching, retry and the like belong to the whole exporter.
void ExporterReader::check_set(const Node& set) {
  for (const auto& [name, member] : set.members) {
    if (find_key(keys_, name) == nullptr && !(is_section(keys_, name) && !(schema_ && schema_->knows(name)))) continue;
    findings_.error(1021, member.key, "a route " + where_ + " cannot set '" + name + "'").hint =
        "only settings of the plugin; '" + name + "' belongs to the whole exporter";
  }
}

void ExporterReader::read_routes(const Exporter& exporter, std::vector<Destination>& out) {
  const Node* routes = node_.find("routes");
  if (routes == nullptr || !routes->is_list_of_tables()) return;
  for (std::size_t i = 0; i < routes->items.size(); ++i) {
    const Node& route = routes->items[i];
    const std::string name = "routes[" + std::to_string(i) + "]";
    const Node* when = route.find("when");
    const Node* set = route.find("set");
    if (when == nullptr)
      findings_.error(1023, route.value, "missing key 'when' in " + name + " of exporter '" + id_ + "'");
    if (set == nullptr)
      findings_.error(1023, route.value, "missing key 'set' in " + name + " of exporter '" + id_ + "'");
    if (set != nullptr && set->kind != Node::Kind::table) {
      findings_
          .error(1022, set->value,
                 "'set' in " + name + " of exporter '" + id_ + "' is a table, not " + std::string(kind_text(set->kind)))
          .hint = "write set = { index = \"…\" }";
      set = nullptr;
    }
    if (set != nullptr) check_set(*set);
    Node own;  // without what it must not set
    if (set != nullptr)
      for (const auto& [key, member] : set->members)
        if (find_key(keys_, key) == nullptr) own.members.emplace(key, member);
    Destination destination = this->destination(exporter, overlaid(settings_, own), &own, name + ".");
    destination.when = read_expression(context_, when, name + ".when", where_);
    if (when != nullptr && as_text(*when) != nullptr) destination.when_text = *as_text(*when);
    const Reader read({&route}, keys_);
    if (const Node* label = route.find("name"); label != nullptr && as_text(*label) != nullptr)
      destination.name = *as_text(*label);
    destination.origin = route.value;
    out.push_back(std::move(destination));
  }
}

}  // namespace csiem::config
