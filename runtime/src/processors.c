/* The default number of threads: the processors in the affinity mask, fewer if a cgroup grants less time than that. A
 * quota counts rounded down: threads that spin on a throttled processor stop all the others. */
#include "internal.h"

enum { MAX_PATH = 4096, MASK_WORDS = 128 /* 8192 processors */ };

/* The whole file, or its start, as a string; false if there is none. */
static bool read_text(const char *path, char *text, size_t capacity) {
  int file = open(path, RES_O_RDONLY_CLOEXEC);
  if (file < 0)
    return false;
  size_t used = 0;
  for (ptrdiff_t got; used + 1 < capacity && (got = read(file, text + used, capacity - 1 - used)) > 0;)
    used += (size_t)got;
  close(file);
  text[used] = 0;
  return used > 0;
}

/* Appends `count` characters, or up to the end of the string; false if they do not fit. */
static bool append(char *path, size_t *length, const char *text, size_t count) {
  for (; count && *text; --count) {
    if (*length + 1 >= MAX_PATH)
      return false;
    path[(*length)++] = *text++;
  }
  path[*length] = 0;
  return true;
}

/* The decimal number at *text, which moves behind it; -1 if there is none ("max", "-1"). */
static int64_t number(const char **text) {
  while (**text == ' ')
    ++*text;
  int64_t value = -1;
  for (; **text >= '0' && **text <= '9' && value < INT64_MAX / 16; ++*text)
    value = (value < 0 ? 0 : value) * 10 + (**text - '0');
  return value;
}

/* The number in a file of a cgroup folder; with `second` the other one of the two in it. */
static int64_t read_number(char *folder, size_t length, const char *file, bool second) {
  char text[128];
  const char *at = text;
  bool found = append(folder, &length, file, MAX_PATH) && read_text(folder, text, sizeof text);
  if (!found)
    return -1;
  int64_t value = number(&at);
  return second && value >= 0 ? number(&at) : value;
}

/* Lowers `limit` to the quota of the cgroup `group` and those above it: any of them may set one. In a container the
 * group may not be visible, and the folder at the top is the container's own. */
static int32_t limit_by_group(int32_t limit, const char *root, const char *hierarchy, size_t hierarchy_length,
                              const char *group, size_t group_length) {
  char folder[MAX_PATH];
  for (;;) {
    while (group_length > 0 && group[group_length - 1] == '/')
      --group_length;
    size_t length = 0;
    if (append(folder, &length, root, MAX_PATH) && append(folder, &length, "/sys/fs/cgroup", MAX_PATH) &&
        append(folder, &length, "/", hierarchy_length) && append(folder, &length, hierarchy, hierarchy_length) &&
        append(folder, &length, group, group_length)) {
      bool unified = hierarchy_length == 0;
      int64_t quota = read_number(folder, length, unified ? "/cpu.max" : "/cpu.cfs_quota_us", false);
      int64_t period = read_number(folder, length, unified ? "/cpu.max" : "/cpu.cfs_period_us", unified);
      if (quota > 0 && period > 0 && quota / period < limit)
        limit = quota < period ? 1 : (int32_t)(quota / period);
    }
    if (group_length == 0)
      return limit;
    while (group_length > 0 && group[group_length - 1] != '/')
      --group_length;
  }
}

/* Whether a comma-separated list has "cpu" in it. */
static bool lists_cpu(const char *list, size_t length) {
  for (size_t i = 0; i + 3 <= length; ++i)
    if ((i == 0 || list[i - 1] == ',') && list[i] == 'c' && list[i + 1] == 'p' && list[i + 2] == 'u' &&
        (i + 3 == length || list[i + 3] == ','))
      return true;
  return false;
}

/* Lines of /proc/self/cgroup are "number:controllers:group"; version 2 has no controllers in it. */
static int32_t limit_by_quota(int32_t limit, const char *root) {
  char text[MAX_PATH], path[MAX_PATH];
  size_t length = 0;
  if (!append(path, &length, root, MAX_PATH) || !append(path, &length, "/proc/self/cgroup", MAX_PATH) ||
      !read_text(path, text, sizeof text))
    return limit;
  for (const char *line = text; *line;) {
    const char *end = line, *colon[2] = {0, 0};
    for (; *end && *end != '\n'; ++end)
      if (*end == ':' && !colon[1])
        colon[colon[0] != 0] = end;
    if (colon[1]) {
      const char *controllers = colon[0] + 1, *group = colon[1] + 1;
      size_t controllers_length = (size_t)(colon[1] - controllers);
      if (controllers_length == 0 || lists_cpu(controllers, controllers_length))
        limit = limit_by_group(limit, root, controllers, controllers_length, group, (size_t)(end - group));
    }
    line = *end ? end + 1 : end;
  }
  return limit;
}

int32_t res_rt_processors(const char *root) {
  uint64_t mask[MASK_WORDS] = {0};
  int32_t count = 0;
  if (sched_getaffinity(0, sizeof mask, mask) >= 0)
    for (int i = 0; i < MASK_WORDS; ++i)
      count += __builtin_popcountll(mask[i]);
  count = count < 1 ? 1 : count > RES_ABI_MAX_THREADS ? RES_ABI_MAX_THREADS : count;
  return limit_by_quota(count, root);
}
