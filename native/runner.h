// One thread that runs programs, so that JavaScript stays free to load the next batch, draw progress and hear Ctrl-C while a
// step computes. One and not a pool: OpenMP keeps a team of threads for each thread that ever called it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace mpvg {

// Throws when the system does not let this process have so many threads more: OpenMP would end the process.
void expectThreads(int count);

class Runner {
 public:
  ~Runner();

  // Runs `work` after everything submitted before. It must not throw.
  void submit(std::function<void()> work);

  // The calling thread of every job uses this many threads for its operators.
  void setThreads(int count);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::thread thread_;
  bool stopping_ = false;
};

}  // namespace mpvg
