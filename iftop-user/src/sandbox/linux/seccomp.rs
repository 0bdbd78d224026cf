//! seccomp(2): what the kernel is never asked for by a program that reads and prints.
//!
//! It is a list of what is refused, not of what is allowed: the resolver loads whatever modules a system
//! has, and what those call is not for us to know.
//!
//! Source: seccomp(2), syscalls(2), and the groups of systemd.exec(5), `SystemCallFilter=`.

use std::{collections::BTreeMap, ops::RangeInclusive};

use anyhow::Result;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::Duty;

/// Refused whatever the duty is: other programs, other processes, other namespaces, the whole machine,
/// and ways around this list.
const NEVER: &[libc::c_long] = &[
    // Programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Processes of others, and their memory.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    // Who we are.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    libc::SYS_personality,
    // Namespaces and what is mounted.
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_quotactl,
    // Files by other ways than their names.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Files again, where Landlock has no say: their names, owners, modes, attributes, times.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_utimensat,
    libc::SYS_truncate,
    // Keys.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
];

/// What only this machine has of the kind, from when it was young.
#[cfg(target_arch = "x86_64")]
const NEVER_HERE: &[libc::c_long] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_HERE: &[libc::c_long] = &[];

/// Refused to who makes files: sockets, other processes, and what changes a file that is there.
const NEVER_TO_EXPORT: &[libc::c_long] = &[
    libc::SYS_bpf,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_prlimit64,
    libc::SYS_ioctl,
    libc::SYS_ftruncate,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
];
#[cfg(target_arch = "x86_64")]
const NEVER_TO_EXPORT_HERE: &[libc::c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_mknod,
];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_TO_EXPORT_HERE: &[libc::c_long] = &[];

/// Newer calls of the same kinds, by their numbers, which are the same everywhere: `quotactl_fd`,
/// `process_mrelease`, `fchmodat2`, `setxattrat`, `removexattrat`, `open_tree_attr`, `file_setattr`.
pub(super) const NEVER_BY_NUMBER: [libc::c_long; 7] = [443, 448, 452, 463, 466, 467, 469];

/// Of `asm-generic/ioctls.h` and `linux/tty.h`: typing for whoever reads the terminal next; of `linux/fs.h`:
/// `FS_IOC_SETFLAGS`, also of 32 bits, and `FS_IOC_FSSETXATTR`, which change attributes of files.
const REQUESTS: [u64; 5] = [0x5412, 0x541c, 0x4008_6602, 0x4004_6602, 0x401c_5820];

/// Commands of bpf(2), `enum bpf_cmd` of `linux/bpf.h`: `BPF_MAP_UPDATE_ELEM`, by which to wait for a grace
/// period where membarrier(2) does not, and `BPF_MAP_LOOKUP_AND_DELETE_BATCH`, which empties a hash table.
const USE_MAPS: [u64; 2] = [2, 25];

/// On `x86_64` the kernel may have a second set of numbers beside the first (`X32_SYSCALL_BIT` of
/// `asm/unistd.h`), some of them its own: nobody here uses it.
const X32: libc::c_long = 0x4000_0000;
const OF_X32_ALONE: RangeInclusive<libc::c_long> = 512..=547;

/// Of `linux/sched.h`: a user namespace, in which anybody is root.
const CLONE_NEWUSER: u64 = 0x1000_0000;

/// Whether there is a filter for this machine; it is of the calling thread then.
pub(super) fn enter(duty: Duty) -> Result<bool> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(false) };
    // Its flags stand in memory, where a filter cannot look. The C library goes on with the older call.
    let clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    for (rules, errno) in [(clone3, libc::ENOSYS), (rules(duty)?, libc::EPERM)] {
        let refused = SeccompAction::Errno(errno.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)?;
        apply_filter(&BpfProgram::try_from(filter)?)?;
    }
    Ok(true)
}

fn rules(duty: Duty) -> Result<BTreeMap<libc::c_long, Vec<SeccompRule>>> {
    let argument = |number, op, value| SeccompCondition::new(number, Dword, op, value);
    let never = NEVER.iter().chain(NEVER_HERE).chain(&NEVER_BY_NUMBER);
    let mut rules: BTreeMap<_, _> = never.map(|call| (*call, Vec::new())).collect();
    match duty {
        Duty::Attach => {}
        Duty::Read => {
            rules.insert(libc::SYS_bpf, Vec::new());
        }
        Duty::Export => {
            let refused = NEVER_TO_EXPORT.iter().chain(NEVER_TO_EXPORT_HERE);
            rules.extend(refused.map(|call| (*call, Vec::new())));
        }
        Duty::UseMaps => {
            let others = USE_MAPS.map(|command| argument(0, SeccompCmpOp::Ne, command));
            let others = others.into_iter().collect::<Result<_, _>>()?;
            rules.insert(libc::SYS_bpf, vec![SeccompRule::new(others)?]);
        }
    }
    if cfg!(target_arch = "x86_64") {
        let twice: Vec<_> = rules
            .keys()
            .copied()
            .chain([libc::SYS_bpf, libc::SYS_clone, libc::SYS_clone3])
            .collect();
        let second = twice.into_iter().chain(OF_X32_ALONE).map(|call| (call | X32, Vec::new()));
        rules.extend(second);
    }
    if duty == Duty::Export {
        rules.insert(libc::SYS_clone, Vec::new());
        return Ok(rules);
    }
    let new_user = argument(0, SeccompCmpOp::MaskedEq(CLONE_NEWUSER), CLONE_NEWUSER)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![new_user])?]);
    let requests = REQUESTS.map(|request| -> Result<_> {
        Ok(SeccompRule::new(vec![argument(1, SeccompCmpOp::Eq, request)?])?)
    });
    rules.insert(libc::SYS_ioctl, requests.into_iter().collect::<Result<_>>()?);
    Ok(rules)
}
