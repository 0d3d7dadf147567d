// csiem/sdk/request.hpp - one HTTP request under construction. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_REQUEST_HPP
#define CSIEM_SDK_REQUEST_HPP

#include <csiem/sdk/host.hpp>

#include <optional>
#include <type_traits>

namespace csiem {

// Headers and text are copied; what add() takes as a view is borrowed until the request was sent, which is after
// build() or after() returned. One object serves many requests: clear() keeps its memory.
class Request {
 public:
  std::string method = "POST";
  std::string url;
  std::string url_secret;           // handle of a secret that the host appends to `url`
  uint32_t flags = 0;               // CSIEM_HTTP_GZIP
  uint32_t timeout_ms = 0;          // 0 = the host's
  uint32_t max_response_bytes = 0;  // 0 = the host's

  Request() { writer_ = {nullptr, nullptr, &Request::grow, this}; }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // The host appends the value of `secret` to `value` on the wire. An empty handle appends nothing.
  void header(std::string_view name, std::string_view value, std::string_view secret = {}) {
    headers_.push_back({std::string(name), std::string(value), std::string(secret)});
  }
  // A piece of the body, borrowed: batch bodies, literals, members of the exporter.
  void add(std::string_view piece) {
    if (!piece.empty()) parts_.push_back({piece.data(), 0, piece.size()});
  }
  void add(csiem_str piece) { add(view(piece)); }
  // A temporary string is copied.
  template <class S, class = std::enable_if_t<std::is_same_v<S, std::string>>>
  void add(S&& piece) {
    write([&](Out& out) { out.raw(piece); });
  }
  // A piece of the body, written by make(Out&) into memory of the request.
  template <class F>
  void write(F&& make) {
    const std::size_t from = used();
    Out out(writer_);
    make(out);
    if (!out.ok()) throw std::bad_alloc();
    if (used() == from) return;
    if (!parts_.empty() && parts_.back().ptr == nullptr && parts_.back().offset + parts_.back().len == from)
      parts_.back().len += used() - from;
    else
      parts_.push_back({nullptr, from, used() - from});
  }
  // Nothing is sent; the batch ends with this verdict.
  void settle(Verdict verdict) { settled_ = std::move(verdict); }
  // In build() only: nothing is sent, the host keeps the batch and offers it again soon.
  void postpone() noexcept { postponed_ = true; }

  std::size_t body_size() const noexcept {
    std::size_t n = 0;
    for (const Part& p : parts_) n += p.len;
    return n;
  }
  // The body as it stands now, appended to `out`; for exporters that sign it.
  void copy_body(std::string& out) const {
    for (const Part& p : parts_) out.append(p.ptr != nullptr ? p.ptr : memory_.data() + p.offset, p.len);
  }
  void clear() {
    method = "POST";
    url.clear();
    url_secret.clear();
    flags = timeout_ms = max_response_bytes = 0;
    headers_.clear();
    parts_.clear();
    settled_.reset();
    postponed_ = false;
    writer_.cur = memory_.empty() ? nullptr : begin();
  }

  // For the shell: what build() left.
  const std::optional<Verdict>& settled() const noexcept { return settled_; }
  bool postponed() const noexcept { return postponed_; }
  csiem_status send(const Host& host, csiem_http_done done, void* user, uint64_t* id, csiem_error* err) {
    if (host.http() == nullptr) return fail(err, CSIEM_E_UNSUPPORTED, "the host offers no HTTP client");
    headers_out_.clear();
    for (const Header& h : headers_) headers_out_.push_back({str(h.name), str(h.value), optional(h.secret)});
    parts_out_.clear();
    for (const Part& p : parts_) parts_out_.push_back({p.ptr != nullptr ? p.ptr : memory_.data() + p.offset, p.len});
    csiem_http_request r{};
    r.struct_size = sizeof r;
    r.flags = flags;
    r.method = str(method);
    r.url = str(url);
    r.url_secret = optional(url_secret);
    r.headers = headers_out_.data();
    r.header_count = static_cast<uint32_t>(headers_out_.size());
    r.timeout_ms = timeout_ms;
    r.parts = parts_out_.data();
    r.part_count = static_cast<uint32_t>(parts_out_.size());
    r.max_response_bytes = max_response_bytes;
    return host.http()->send(host.instance(), &r, done, user, id, err);
  }

 private:
  struct Header {
    std::string name, value, secret;
  };
  struct Part {
    const char* ptr;  // null: memory_ from `offset`
    std::size_t offset, len;
  };
  static csiem_str optional(const std::string& s) noexcept { return s.empty() ? csiem_str{nullptr, 0} : str(s); }
  uint8_t* begin() noexcept { return reinterpret_cast<uint8_t*>(&memory_[0]); }
  std::size_t used() noexcept { return memory_.empty() ? 0 : static_cast<std::size_t>(writer_.cur - begin()); }
  static csiem_status grow(csiem_writer* w, std::size_t need) noexcept {
    auto* self = static_cast<Request*>(w->impl);
    try {
      const std::size_t at = self->used();
      self->memory_.resize(std::max(std::max<std::size_t>(4096, self->memory_.size() * 2), at + need));
      w->cur = self->begin() + at;
      w->end = self->begin() + self->memory_.size();
      return CSIEM_OK;
    } catch (...) {
      return CSIEM_E_NOMEM;
    }
  }

  std::vector<Header> headers_;
  std::vector<Part> parts_;
  std::optional<Verdict> settled_;
  bool postponed_ = false;
  std::string memory_;
  csiem_writer writer_{};
  std::vector<csiem_header> headers_out_;
  std::vector<csiem_str> parts_out_;
};

}  // namespace csiem

#endif
