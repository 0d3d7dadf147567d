#include "cli/admin_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <vector>

#include "admin/socket_path.hpp"
#include "base/fd.hpp"
#include "cli/admin_backend.hpp"
#include "cli/setup.hpp"

namespace csiem::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using unix_stream = asio::local::stream_protocol;

// One conversation on a loop of its own, so that the time-out holds for every step.
class Call {
 public:
  Call() : stream_(loop_) {}

  beast::error_code connect(const std::string& path) {
    beast::error_code error;
    stream_.socket().connect(unix_stream::endpoint(path), error);  // a Unix socket answers at once, or not at all
    return error;
  }

  beast::error_code exchange(std::string_view method, const std::string& target, const std::string& body,
                             std::chrono::seconds patience, AdminAnswer* answer) {
    http::request<http::string_body> request(http::string_to_verb({method.data(), method.size()}), target, 11);
    request.body() = body;
    request.set(http::field::host, "localhost");
    request.set(http::field::accept, "application/json");
    request.keep_alive(false);
    request.prepare_payload();
    http::response<http::string_body> response;
    beast::flat_buffer buffer;
    beast::error_code result;
    stream_.expires_after(patience);
    http::async_write(stream_, request, [&](const beast::error_code& error, std::size_t) {
      result = error;
      if (error) return;
      http::async_read(stream_, buffer, response,
                       [&](const beast::error_code& read_error, std::size_t) { result = read_error; });
    });
    loop_.run();
    answer->status = response.result_int();
    answer->body = std::move(response.body());
    return result;
  }

 private:
  asio::io_context loop_{1};
  beast::basic_stream<unix_stream> stream_;
};

std::vector<std::string> places(const GlobalArguments& global) {
  std::string setting = socket_setting(global, "");
  if (setting.empty()) {
    // Whatever else is wrong with the file, or with this environment: the socket's name may be there.
    SetupOptions options;
    options.check_plugins = false;
    setting = load_setup(global, options).loaded.configuration.admin.socket;
  }
  return admin::socket_candidates(setting);
}

}  // namespace

Result<AdminAnswer> ask_daemon(const GlobalArguments& global, std::string_view method, const std::string& target,
                               const std::string& body, std::chrono::seconds patience) {
  std::string tried;
  for (const std::string& path : places(global)) {
    if (path.size() >= 108) return Error{Code::invalid, "socket path too long: " + path, 8004};
    Call call;
    if (const auto error = call.connect(path)) {
      if (error == asio::error::access_denied)
        return Error{Code::denied, "may not open the daemon's socket " + path + " (its group may)", 8003};
      tried += (tried.empty() ? "" : ", ") + path + " (" + errno_text(error.value()) + ")";
      continue;
    }
    AdminAnswer answer;
    const auto error = call.exchange(method, target, body, patience, &answer);
    if (!error) return answer;
    const std::string why = error == beast::error::timeout ? "no answer in time" : error.message();
    return Error{Code::io, "the daemon on " + path + ": " + why, 8004};
  }
  return Error{Code::not_found,
               "no daemon answers; tried " + tried +
                   "; start one with `clawdstrike-siem run`, or name its socket with --socket PATH",
               8004};
}

Result<json::value> ask_daemon_json(const GlobalArguments& global, std::string_view method, const std::string& target,
                                    const std::string& body, std::chrono::seconds patience) {
  CS_TRY(answer, ask_daemon(global, method, target, body, patience));
  json::error_code error;
  json::value document = json::parse(answer.body, error);
  if (error || !document.is_object())
    return Error{Code::internal, "the daemon's answer is not JSON (HTTP " + std::to_string(answer.status) + ")", 8004};
  const json::value* failure = document.as_object().if_contains("error");
  if (failure == nullptr) return document;
  int number = 0;
  std::string message = "HTTP " + std::to_string(answer.status);
  if (const auto* code = document.find_pointer("/error/code", error); code != nullptr && code->is_string()) {
    const auto& text = code->get_string();
    if (text.size() > 2) std::from_chars(text.data() + 2, text.data() + text.size(), number);
  }
  if (const auto* text = document.find_pointer("/error/message", error); text != nullptr && text->is_string())
    message.assign(text->get_string().data(), text->get_string().size());
  const Code code = answer.status == 403 ? Code::denied : answer.status == 404 ? Code::not_found : Code::invalid;
  return Error{code, message, number};
}

int report_admin_error(const Error& error) {
  print_error(error);
  if (error.message_code() == 8004) return kUnavailable;
  return error.message_code() == 8003 ? kNotPermitted : kNo;
}

}  // namespace csiem::cli
