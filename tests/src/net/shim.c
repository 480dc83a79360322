/* Goes before the system's library in a node's process, and does there what a test's file says: a clock that is off,
 * syncs that fail, disks that have other numbers. The file is mapped, so that what is written into it holds at once;
 * how often each was done is counted in it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct orders {
    int64_t seconds;
    uint64_t failing;
    uint64_t number;
    uint64_t shifted;
    uint64_t failed;
    uint64_t renumbered;
};

static struct orders *orders;

__attribute__((constructor)) static void read_orders(void) {
    const char *path = getenv("LUQI_SHIM");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        orders = mapped;
}

static int ordered(uint64_t *what) { return orders && __atomic_load_n(what, __ATOMIC_SEQ_CST) != 0; }

static void count(uint64_t *done) { __atomic_add_fetch(done, 1, __ATOMIC_SEQ_CST); }

#define SYSTEM(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

int clock_gettime(clockid_t clock, struct timespec *now) {
    static typeof(&clock_gettime) theirs;
    if (!theirs)
        theirs = SYSTEM(clock_gettime);
    int answer = theirs(clock, now);
    if (answer == 0 && clock == CLOCK_REALTIME && orders && ordered((uint64_t *)&orders->seconds)) {
        now->tv_sec += __atomic_load_n(&orders->seconds, __ATOMIC_SEQ_CST);
        count(&orders->shifted);
    }
    return answer;
}

static int fails(void) {
    if (!orders || !ordered(&orders->failing))
        return 0;
    count(&orders->failed);
    errno = EIO;
    return 1;
}

int fsync(int file) { return fails() ? -1 : SYSTEM(fsync)(file); }

int fdatasync(int file) { return fails() ? -1 : SYSTEM(fdatasync)(file); }

int sync_file_range(int file, off64_t from, off64_t length, unsigned int flags) {
    return fails() ? -1 : SYSTEM(sync_file_range)(file, from, length, flags);
}

int statx(int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict found) {
    int answer = SYSTEM(statx)(folder, path, flags, mask, found);
    if (answer == 0 && orders && ordered(&orders->number)) {
        found->stx_dev_minor += __atomic_load_n(&orders->number, __ATOMIC_SEQ_CST);
        count(&orders->renumbered);
    }
    return answer;
}
