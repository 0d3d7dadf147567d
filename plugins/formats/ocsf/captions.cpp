#include "ocsf/captions.hpp"

namespace csiem::ocsf {
namespace {

struct ClassRow {
  Class id;
  int uid;
  const char* name;
  int category_uid;
  const char* category_name;
};
constexpr ClassRow kClassRows[] = {
    {Class::base, 0, "Base Event", 0, "Uncategorized"},
    {Class::finding, 2004, "Detection Finding", 2, "Findings"},
    {Class::file, 1001, "File System Activity", 1, "System Activity"},
    {Class::process, 1007, "Process Activity", 1, "System Activity"},
    {Class::network, 4001, "Network Activity", 4, "Network Activity"},
    {Class::tool, 6003, "API Activity", 6, "Application Activity"},
    {Class::configuration, 3004, "Entity Management", 3, "Identity & Access Management"},
    {Class::authentication, 3002, "Authentication", 3, "Identity & Access Management"},
    {Class::lifecycle, 6002, "Application Lifecycle", 6, "Application Activity"},
};
static_assert(std::size(kClassRows) == kClasses);

struct ActivityRow {
  Class of;
  Activity activity;
  int id;
  const char* name;
};
constexpr ActivityRow kActivityRows[] = {
    {Class::finding, Activity::create, 1, "Create"},
    {Class::file, Activity::create, 1, "Create"},
    {Class::file, Activity::read, 2, "Read"},
    {Class::file, Activity::update, 3, "Update"},
    {Class::file, Activity::remove, 4, "Delete"},
    {Class::process, Activity::launch, 1, "Launch"},
    {Class::network, Activity::open, 1, "Open"},
    {Class::network, Activity::refuse, 5, "Refuse"},
    {Class::tool, Activity::create, 1, "Create"},
    {Class::tool, Activity::read, 2, "Read"},
    {Class::tool, Activity::update, 3, "Update"},
    {Class::tool, Activity::remove, 4, "Delete"},
    {Class::configuration, Activity::create, 1, "Create"},
    {Class::configuration, Activity::read, 2, "Read"},
    {Class::configuration, Activity::update, 3, "Update"},
    {Class::configuration, Activity::remove, 4, "Delete"},
    {Class::authentication, Activity::logon, 1, "Logon"},
    {Class::authentication, Activity::logoff, 2, "Logoff"},
    {Class::lifecycle, Activity::start, 3, "Start"},
    {Class::lifecycle, Activity::stop, 4, "Stop"},
};
constexpr int kOther = 99;  // in every class, like 0

std::string rendered(const ClassRow& c, int activity, const std::string& name, bool named) {
  const auto text = [](const char* key, const std::string& value) {
    return std::string("\"") + key + "\":\"" + value + "\"";
  };
  const auto number = [](const char* key, int value) {
    return std::string("\"") + key + "\":" + std::to_string(value);
  };
  std::string out = number("class_uid", c.uid) + "," + text("class_name", c.name) + "," +
                    number("category_uid", c.category_uid) + "," + text("category_name", c.category_name) + "," +
                    number("activity_id", activity);
  if (named) out += "," + text("activity_name", name);
  return out + "," + number("type_uid", c.uid * 100 + activity) + "," +
         text("type_name", std::string(c.name) + ": " + name);
}

}  // namespace

Captions::Captions() {
  for (const ClassRow& c : kClassRows) {
    auto& heads = heads_[static_cast<std::size_t>(c.id)];
    heads[static_cast<std::size_t>(Activity::unknown)] = rendered(c, 0, "Unknown", true);
    heads[static_cast<std::size_t>(Activity::other)] = rendered(c, kOther, "Other", false);
    for (const ActivityRow& a : kActivityRows)
      if (a.of == c.id) heads[static_cast<std::size_t>(a.activity)] = rendered(c, a.id, a.name, true);
  }
}

}  // namespace csiem::ocsf
