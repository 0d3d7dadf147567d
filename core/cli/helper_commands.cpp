// clawdstrike-siem explain, version, completion and mock.
#include <csiem/plugin.h>
#include <unistd.h>

#include <boost/version.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/messages.hpp"
#include "base/version.hpp"
#include "cli/arguments.hpp"
#include "cli/terminal.hpp"
#include "http/client.hpp"

namespace csiem::cli {
namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

void print_message(const messages::Message& message) {
  const auto line = [](const char* label, std::string_view text) {
    if (!text.empty()) std::printf("  %-9s %.*s\n", label, static_cast<int>(text.size()), text.data());
  };
  std::printf("%s: %.*s\n", messages::code_text(message.code).c_str(), static_cast<int>(message.title.size()),
              message.title.data());
  line("cause", message.cause);
  line("confirm", message.confirm);
  line("fix", message.fix);
  line("metrics", message.metrics);
}

constexpr const char* kBash = R"(_clawdstrike_siem() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ ${#COMPREPLY[@]} -eq 0 ] && compopt -o default
}
complete -F _clawdstrike_siem clawdstrike-siem
)";
constexpr const char* kZsh = R"(#compdef clawdstrike-siem
_clawdstrike_siem() {
  local -a words_so_far candidates
  words_so_far=("${(@)words[2,CURRENT]}")
  candidates=("${(@f)$(${words[1]} __complete "${words_so_far[@]}" 2>/dev/null)}")
  [[ -n "${candidates[1]}" ]] && compadd -- "${candidates[@]}" || _files
}
compdef _clawdstrike_siem clawdstrike-siem
)";
constexpr const char* kFish = R"(function __clawdstrike_siem_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c clawdstrike-siem -a '(__clawdstrike_siem_complete)'
)";

}  // namespace

int explain(const Arguments& arguments) {
  if (arguments.explain_code.empty()) {
    for (const auto& message : messages::all())
      std::printf("%s  %.*s\n", messages::code_text(message.code).c_str(), static_cast<int>(message.title.size()),
                  message.title.data());
    return kOk;
  }
  std::string_view digits = arguments.explain_code;
  if (digits.size() > 2 && (digits.substr(0, 2) == "CS" || digits.substr(0, 2) == "cs")) digits.remove_prefix(2);
  const auto* message = messages::find(std::atoi(std::string(digits).c_str()));
  if (message == nullptr) {
    std::fprintf(stderr, "clawdstrike-siem: no message '%s'; `clawdstrike-siem explain` lists all\n",
                 arguments.explain_code.c_str());
    return kUsage;
  }
  if (arguments.global.json) {
    std::printf(
        "{\"schema\":\"clawdstrike-siem/explain/v1\",\"code\":%s,\"title\":%s,\"cause\":%s,\"confirm\":%s,"
        "\"fix\":%s,\"metrics\":%s}\n",
        json_text(messages::code_text(message->code)).c_str(), json_text(message->title).c_str(),
        json_text(message->cause).c_str(), json_text(message->confirm).c_str(), json_text(message->fix).c_str(),
        json_text(message->metrics).c_str());
    return kOk;
  }
  print_message(*message);
  return kOk;
}

int version(const Arguments& arguments) {
  const std::string boost = std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000);
  const std::string libcurl = csiem::http::library_versions();
  if (arguments.global.json) {
    std::printf(
        "{\"schema\":\"clawdstrike-siem/version/v1\",\"version\":%s,\"abi\":%s,\"compiler\":%s,\"boost\":%s,"
        "\"libcurl\":%s,\"formats\":{\"ecs\":\"8.17.0\",\"native\":\"1.0.0\"}}\n",
        json_text(kVersion).c_str(), json_text(CSIEM_ABI_TEXT).c_str(), json_text(kCompiler).c_str(),
        json_text(boost).c_str(), json_text(libcurl).c_str());
    return kOk;
  }
  std::printf("clawdstrike-siem %.*s\nplugin ABI %s\ncompiler %s\nboost %s\n%s\n", static_cast<int>(kVersion.size()),
              kVersion.data(), CSIEM_ABI_TEXT, kCompiler, boost.c_str(), libcurl.c_str());
  return kOk;
}

int completion(const Arguments& arguments) {
  std::fputs(arguments.completion_shell == "bash" ? kBash : arguments.completion_shell == "zsh" ? kZsh : kFish, stdout);
  return kOk;
}

int mock(const Arguments& arguments) {
  // Beside this executable when installed or built, else in the search path.
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::vector<std::string> places{
      (self.parent_path() / "clawdstrike-siem-mock").string(),
      (self.parent_path().parent_path() / "sdk/doubles/clawdstrike-siem-mock").string(), "clawdstrike-siem-mock"};
  std::vector<std::string> words{"clawdstrike-siem-mock"};
  words.insert(words.end(), arguments.mock.begin(), arguments.mock.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  for (const auto& place : places) ::execvp(place.c_str(), argv.data());
  std::fprintf(stderr, "clawdstrike-siem: cannot start clawdstrike-siem-mock: %s; it comes with the SDK\n",
               std::strerror(errno));
  return kUnavailable;
}

}  // namespace csiem::cli
