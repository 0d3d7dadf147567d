#include "ocsf/observables.hpp"

#include "common/path_parts.hpp"

namespace csiem::ocsf {
namespace {

using formats::Base;

// The beginning of one entry, up to its value: below evidences[0] in a finding, at the top of an activity.
struct Kind {
  std::string_view in_finding, in_activity;
};
constexpr Kind kHostname = {R"({"name":"evidences[0].dst_endpoint.hostname","type_id":1,"type":"Hostname","value":)",
                            R"({"name":"dst_endpoint.hostname","type_id":1,"type":"Hostname","value":)"};
constexpr Kind kIp = {R"({"name":"evidences[0].dst_endpoint.ip","type_id":2,"type":"IP Address","value":)",
                      R"({"name":"dst_endpoint.ip","type_id":2,"type":"IP Address","value":)"};
constexpr Kind kFilePath = {R"({"name":"evidences[0].file.path","type_id":45,"type":"File Path","value":)",
                            R"({"name":"file.path","type_id":45,"type":"File Path","value":)"};
constexpr Kind kFileName = {R"({"name":"evidences[0].file.name","type_id":7,"type":"File Name","value":)",
                            R"({"name":"file.name","type_id":7,"type":"File Name","value":)"};
constexpr Kind kCommand = {R"({"name":"evidences[0].process.cmd_line","type_id":13,"type":"Command Line","value":)",
                           R"({"name":"process.cmd_line","type_id":13,"type":"Command Line","value":)"};
constexpr std::string_view kResource =
    R"({"name":"resources[0].name","type_id":38,"type":"Resource Details Object: name","value":)";
constexpr std::string_view kActorUser = R"({"name":"actor.user.uid","type_id":31,"type":"User Object: uid","value":)";
constexpr std::string_view kUser = R"({"name":"user.uid","type_id":31,"type":"User Object: uid","value":)";

// Opens the array with the first entry, so that it is never empty.
class List {
 public:
  List(Json& j, Out& out, bool finding) : j_(j), out_(out), finding_(finding) {}
  ~List() {
    if (open_) j_.close_array();
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  void add(const Kind& kind, std::string_view value) { add(finding_ ? kind.in_finding : kind.in_activity, value); }
  void add(std::string_view head, std::string_view value) {
    if (value.empty()) return;
    if (!open_) j_.open_array("observables");
    open_ = true;
    j_.raw_value(head);
    out_.string(value);
    out_.byte('}');
  }

 private:
  Json& j_;
  Out& out_;
  bool finding_, open_ = false;
};

void resource(List& list, const Source& s) {
  const std::string_view path = formats::path_of(s.e);
  switch (s.base) {
    case Base::file: {
      const std::string_view name = formats::split_path(path).name;
      list.add(kFilePath, path);
      list.add(kFileName, name.empty() ? path : name);
      break;
    }
    case Base::network:
      list.add(s.address.is_ip() ? kIp : kHostname, s.address.is_ip() ? s.ip.view() : s.endpoint);
      break;
    case Base::process:
      list.add(kCommand, view(s.e.resource_name));
      break;
    default:
      break;
  }
}

}  // namespace

void observables(Json& j, Out& out, const Source& s) {
  List list(j, out, s.finding());
  switch (s.taxonomy.event_class) {
    case Class::finding:
      resource(list, s);
      list.add(kResource, view(s.e.resource_name));
      break;
    case Class::tool:
      list.add(kResource, view(s.e.resource_name));
      break;
    case Class::file:
    case Class::network:
    case Class::process:
      resource(list, s);
      break;
    default:
      break;
  }
  list.add(s.taxonomy.event_class == Class::authentication ? kUser : kActorUser, view(s.e.user_id));
}

}  // namespace csiem::ocsf
