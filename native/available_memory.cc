#include "available_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace mpvg {

namespace {

// The number behind a key such as 'MemAvailable:' or 'inactive_file'; `otherwise` where there is none.
size_t numberIn(const std::string& file, const std::string& key, size_t otherwise) {
  std::ifstream lines(file);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string first;
    size_t value = 0;
    if (words >> first >> value && first == key) return value;
  }
  return otherwise;
}

bool readNumber(const std::string& file, size_t& value) { return static_cast<bool>(std::ifstream(file) >> value); }

struct CgroupFiles {
  const char *limit, *used, *statPrefix;
};
constexpr CgroupFiles kVersion1{"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_"};
constexpr CgroupFiles kVersion2{"/memory.max", "/memory.current", ""};

// A group's limit less what it uses. What it uses holds files that were read: the kernel drops those before it ends a process.
size_t leftIn(const std::string& group, const CgroupFiles& files) {
  size_t limit = 0, used = 0;
  // 'max' in version 2 is no number; no limit in version 1 is one beyond all memory.
  if (!readNumber(group + files.limit, limit) || !readNumber(group + files.used, used)) return SIZE_MAX;
  const std::string stat = group + "/memory.stat", prefix = files.statPrefix;
  const size_t cached = numberIn(stat, prefix + "inactive_file", 0) + numberIn(stat, prefix + "active_file", 0);
  const size_t held = used - std::min(used, cached);
  return limit > held ? limit - held : 0;
}

// The least of a group and of those above it. In a container its own group may be shown as the root: then the path is not there.
size_t leftUpTo(const std::string& root, std::string path, const CgroupFiles& files) {
  size_t left = leftIn(root, files);
  while (path.size() > 1) {
    left = std::min(left, leftIn(root + path, files));
    path.erase(path.find_last_of('/'));
  }
  return left;
}

size_t cgroupBytes() {
  size_t left = SIZE_MAX;
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    // hierarchy:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (controllers.empty()) {
      for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) left = std::min(left, leftUpTo(root, path, kVersion2));
    } else if (controllers.find("memory") != std::string::npos) {
      left = std::min(left, leftUpTo("/sys/fs/cgroup/memory", path, kVersion1));
    }
  }
  return left;
}

}  // namespace

size_t availableMemory() {
  const size_t kibibytes = numberIn("/proc/meminfo", "MemAvailable:", SIZE_MAX / 1024);
  return std::min(kibibytes * 1024, cgroupBytes());
}

size_t availableAddresses() {
  rlimit limit{};
  size_t pages = 0;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || !readNumber("/proc/self/statm", pages)) return SIZE_MAX;
  const size_t used = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

}  // namespace mpvg
