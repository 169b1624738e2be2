#include "runner.h"

#include <ATen/Parallel.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace mpvg {

void expectThreads(int count) {
  std::mutex mutex;
  std::condition_variable wake;
  bool over = false;
  std::vector<std::thread> started;
  std::string reason;
  try {
    started.reserve(count);
    for (int i = 0; i < count; i++) {
      started.emplace_back([&] {
        std::unique_lock<std::mutex> lock(mutex);
        wake.wait(lock, [&] { return over; });
      });
    }
  } catch (const std::system_error& error) {
    reason = error.code().message();
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    over = true;
  }
  wake.notify_all();
  for (std::thread& thread : started) thread.join();
  if (reason.empty()) return;
  throw std::runtime_error("threads: expected " + std::to_string(count) + " threads that can be started, got " +
                           std::to_string(started.size()) + " (" + reason + "); use fewer (--threads), or raise the limits of the process (ulimit -u, -v)");
}

Runner::~Runner() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Runner::submit(std::function<void()> work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!thread_.joinable()) {
      const int threads = at::get_num_threads();
      thread_ = std::thread([this, threads] {
        at::set_num_threads(threads);
        loop();
      });
    }
    jobs_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void Runner::setThreads(int count) {
  if (thread_.joinable()) submit([count] { at::set_num_threads(count); });
}

void Runner::loop() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace mpvg
