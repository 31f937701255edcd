/*
 * Runs a program and disturbs it at one of the calls by which it changes files below a folder.
 *
 *   inject ROOT LOG record COMMAND…            writes every such call to LOG
 *   inject ROOT LOG kill N COMMAND…            SIGKILL at the entry of the Nth, which is not carried out
 *   inject ROOT LOG once ERRNO N COMMAND…      the Nth fails
 *   inject ROOT LOG on ERRNO N COMMAND…        so does every later one
 *   inject ROOT LOG short ERRNO N COMMAND…     the Nth writes half of its bytes, the next one fails
 *
 * Calls of all threads are counted together, and only those that create or change something: this is
 * what `strace -e inject` cannot do. Processes that the program starts are let go at once; the calls that
 * start and await them count for `kill`. ENOSPC (28) takes the next call that needs space.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "registers are those of x86_64"
#endif

typedef unsigned long long word;

/* What a call changes: the file of a descriptor, a path, a path below a descriptor. */
enum place { FILE_0, FILE_2, PATH_0, PATH_1, AT_0, AT_1, AT_2, TOOL };

static const struct call {
    word number;
    const char *name;
    enum place place;
    int allocates;
} calls[] = {
    {SYS_open, "open", PATH_0, 1},
    {SYS_creat, "creat", PATH_0, 1},
    {SYS_openat, "openat", AT_0, 1},
    {SYS_mknod, "mknod", PATH_0, 1},
    {SYS_mknodat, "mknodat", AT_0, 1},
    {SYS_mkdir, "mkdir", PATH_0, 1},
    {SYS_mkdirat, "mkdirat", AT_0, 1},
    {SYS_write, "write", FILE_0, 1},
    {SYS_pwrite64, "pwrite64", FILE_0, 1},
    {SYS_writev, "writev", FILE_0, 1},
    {SYS_pwritev, "pwritev", FILE_0, 1},
    {SYS_copy_file_range, "copy_file_range", FILE_2, 1},
    {SYS_sendfile, "sendfile", FILE_0, 1},
    {SYS_fallocate, "fallocate", FILE_0, 1},
    {SYS_ioctl, "ficlone", FILE_0, 1},
    {SYS_ftruncate, "ftruncate", FILE_0, 0},
    {SYS_truncate, "truncate", PATH_0, 0},
    {SYS_fsync, "fsync", FILE_0, 1},
    {SYS_fdatasync, "fdatasync", FILE_0, 1},
    {SYS_syncfs, "syncfs", FILE_0, 1},
    {SYS_unlink, "unlink", PATH_0, 0},
    {SYS_unlinkat, "unlinkat", AT_0, 0},
    {SYS_rmdir, "rmdir", PATH_0, 0},
    {SYS_rename, "rename", PATH_1, 1},
    {SYS_renameat, "renameat", AT_2, 1},
    {SYS_renameat2, "renameat2", AT_2, 1},
    {SYS_link, "link", PATH_1, 1},
    {SYS_linkat, "linkat", AT_2, 1},
    {SYS_symlink, "symlink", PATH_1, 1},
    {SYS_symlinkat, "symlinkat", AT_1, 1},
    {SYS_chmod, "chmod", PATH_0, 0},
    {SYS_fchmod, "fchmod", FILE_0, 0},
    {SYS_fchmodat, "fchmodat", AT_0, 0},
    {SYS_chown, "chown", PATH_0, 0},
    {SYS_lchown, "lchown", PATH_0, 0},
    {SYS_fchown, "fchown", FILE_0, 0},
    {SYS_fchownat, "fchownat", AT_0, 0},
    {SYS_utimensat, "utimensat", AT_0, 0},
    {SYS_setxattr, "setxattr", PATH_0, 1},
    {SYS_lsetxattr, "lsetxattr", PATH_0, 1},
    {SYS_fsetxattr, "fsetxattr", FILE_0, 1},
    {SYS_clone, "clone", TOOL, 0},
    {SYS_clone3, "clone3", TOOL, 0},
    {SYS_vfork, "vfork", TOOL, 0},
    {SYS_fork, "fork", TOOL, 0},
    {SYS_wait4, "wait4", TOOL, 0},
    {SYS_waitid, "waitid", TOOL, 0},
    {SYS_kill, "kill", TOOL, 0},
};

#define THREADS 256
static struct thread {
    pid_t id;
    int inside;   /* between the entry and the exit of a call */
    int failing;  /* the call inside is one that was made to fail */
    int cut;      /* the next write of this thread fails */
} threads[THREADS];

static const char *root, *mode;
static FILE *out;
static long wanted, counted;
static int error_number, disturbed;
static pid_t leader;

static void leave(const char *what) {
    perror(what);
    exit(125);
}

static struct thread *thread_of(pid_t id) {
    struct thread *unused = NULL;
    for (int i = 0; i < THREADS; i++) {
        if (threads[i].id == id)
            return &threads[i];
        if (!threads[i].id && !unused)
            unused = &threads[i];
    }
    if (!unused)
        leave("too many threads");
    *unused = (struct thread){.id = id};
    return unused;
}

static word argument(const struct user_regs_struct *regs, int number) {
    const word all[] = {regs->rdi, regs->rsi, regs->rdx, regs->r10};
    return all[number];
}

static void peek(pid_t id, word from, void *to, size_t length) {
    struct iovec here = {to, length}, there = {(void *)from, length};
    memset(to, 0, length);
    /* A text may end right before a page that is not there. */
    if (process_vm_readv(id, &here, 1, &there, 1, 0) < 0 && length > 64)
        peek(id, from, to, length / 2);
}

static void file_of(pid_t id, int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", id, descriptor);
    if (descriptor == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", id);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

#define HELD "/proc/self/fd/"

static void path_of(pid_t id, int folder, word text, char *path) {
    char name[PATH_MAX] = "";
    if (text)
        peek(id, text, name, sizeof name - 1);
    char *rest = name;
    /* A name in a folder that is held open. */
    if (strncmp(name, HELD, strlen(HELD)) == 0) {
        folder = (int)strtol(name + strlen(HELD), &rest, 10);
        rest += strspn(rest, "/");
        memmove(name, rest, strlen(rest) + 1);
    }
    if (name[0] == '/') {
        strcpy(path, name);
        return;
    }
    file_of(id, folder, path);
    if (name[0] && strlen(path) + strlen(name) + 2 < PATH_MAX) {
        strcat(path, "/");
        strcat(path, name);
    }
}

/* The call, if it counts, and the path that it is about. */
static const struct call *counts(pid_t id, const struct user_regs_struct *regs, char *path) {
    const struct call *call = calls;
    const struct call *end = calls + sizeof calls / sizeof *calls;
    while (call < end && call->number != regs->orig_rax)
        call++;
    if (call == end)
        return NULL;
    *path = 0;
    switch (call->place) {
    case FILE_0: file_of(id, argument(regs, 0), path); break;
    case FILE_2: file_of(id, argument(regs, 2), path); break;
    case PATH_0: path_of(id, AT_FDCWD, argument(regs, 0), path); break;
    case PATH_1: path_of(id, AT_FDCWD, argument(regs, 1), path); break;
    case AT_0: path_of(id, argument(regs, 0), argument(regs, 1), path); break;
    case AT_1: path_of(id, argument(regs, 1), argument(regs, 2), path); break;
    case AT_2: path_of(id, argument(regs, 2), argument(regs, 3), path); break;
    case TOOL: break;
    }
    if (call->place == TOOL) {
        word flags = 0;
        if (call->number == SYS_clone3)
            peek(id, argument(regs, 0), &flags, sizeof flags);
        else if (call->number == SYS_clone)
            flags = argument(regs, 0);
        return flags & CLONE_THREAD ? NULL : call;
    }
    if (strncmp(path, root, strlen(root)) != 0)
        return NULL;
    word flags = call->number == SYS_open ? argument(regs, 1) : argument(regs, 2);
    if ((call->number == SYS_open || call->number == SYS_openat) && !(flags & (O_CREAT | O_TRUNC)))
        return NULL;
    if (call->number == SYS_ioctl && argument(regs, 1) != 0x40049409 /* FICLONE */)
        return NULL;
    return call;
}

static void note(const struct call *call, const char *path) {
    fprintf(out, "%ld %s ", counted, call->name);
    /* A name may hold a line break; a call is one line. */
    for (const char *c = path; *c != 0; c++)
        fputc(*c == '\n' ? '?' : *c, out);
    fputc('\n', out);
    fflush(out);
}

static void fail(struct thread *thread, struct user_regs_struct *regs) {
    regs->orig_rax = -1;
    ptrace(PTRACE_SETREGS, thread->id, NULL, regs);
    thread->failing = 1;
}

static int fits(const struct call *call) {
    if (call->place == TOOL || (!strcmp(mode, "short") && call->number != SYS_write))
        return 0;
    return error_number != ENOSPC || call->allocates;
}

static void entry(struct thread *thread) {
    struct user_regs_struct regs;
    char path[PATH_MAX];
    if (ptrace(PTRACE_GETREGS, thread->id, NULL, &regs) < 0)
        return;
    const struct call *call = counts(thread->id, &regs, path);
    if (!call)
        return;
    counted++;
    if (!strcmp(mode, "record")) {
        note(call, path);
    } else if (!strcmp(mode, "kill")) {
        if (counted == wanted) {
            note(call, path);
            kill(leader, SIGKILL);
        }
    } else if (thread->cut && call->number == SYS_write) {
        thread->cut = 0;
        fail(thread, &regs);
    } else if (counted >= wanted && fits(call) && (!disturbed || !strcmp(mode, "on"))) {
        if (!disturbed)
            note(call, path);
        disturbed = 1;
        if (strcmp(mode, "short")) {
            fail(thread, &regs);
        } else {
            regs.rdx /= 2;
            ptrace(PTRACE_SETREGS, thread->id, NULL, &regs);
            thread->cut = 1;
        }
    }
}

static void leaving(struct thread *thread) {
    struct user_regs_struct regs;
    if (!thread->failing || ptrace(PTRACE_GETREGS, thread->id, NULL, &regs) < 0)
        return;
    thread->failing = 0;
    regs.rax = -error_number;
    ptrace(PTRACE_SETREGS, thread->id, NULL, &regs);
}

static void stopped(pid_t id, int status) {
    struct thread *thread = thread_of(id);
    int signal = WSTOPSIG(status), deliver = 0;
    if (signal == (SIGTRAP | 0x80)) {
        thread->inside = !thread->inside;
        if (thread->inside)
            entry(thread);
        else
            leaving(thread);
    } else if (signal != SIGTRAP && signal != SIGSTOP) {
        deliver = signal;
    }
    ptrace(PTRACE_SYSCALL, id, NULL, deliver);
}

int main(int count, char **words) {
    int next = 4;
    if (count < 5)
        return 125;
    root = words[1];
    mode = words[3];
    if (!(out = fopen(words[2], "we")))
        leave(words[2]);
    if (strcmp(mode, "record") && strcmp(mode, "kill"))
        error_number = atoi(words[next++]);
    if (strcmp(mode, "record"))
        wanted = atol(words[next++]);
    leader = fork();
    if (leader < 0)
        leave("fork");
    if (!leader) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execv(words[next], words + next);
        leave(words[next]);
    }
    int status;
    if (waitpid(leader, &status, 0) < 0 || !WIFSTOPPED(status))
        leave("start");
    ptrace(PTRACE_SETOPTIONS, leader, NULL,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    ptrace(PTRACE_SYSCALL, leader, NULL, 0);
    for (;;) {
        pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0)
            leave("wait");
        if (WIFSTOPPED(status)) {
            stopped(id, status);
        } else if (id == leader) {
            break;
        } else {
            thread_of(id)->id = 0;
        }
    }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    raise(WTERMSIG(status));
    return 125;
}
