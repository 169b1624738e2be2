#include "runner.h"

#include <ATen/Parallel.h>

namespace mpvg {

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
