# Runs a program that the kernel lets open unix sockets and no others, as systemd does for
# RestrictAddressFamilies=AF_UNIX. In Perl, which every Debian has, because Node has no prctl().
use strict;
use warnings;
my ($PR_SET_NO_NEW_PRIVS, $PR_SET_SECCOMP, $FILTER) = (38, 22, 2);
my ($ALLOW, $EAFNOSUPPORT) = (0x7fff0000, 0x00050000 | 97);
my ($LOAD, $EQUAL, $RETURN) = (0x20, 0x15, 0x06);
chomp(my $machine = `uname -m`);
# prctl and socket, by machine (asm/unistd.h).
my %calls = (x86_64 => [157, 41], aarch64 => [167, 198]);
my ($prctl, $socket) = @{ $calls{$machine} or die "unknown machine $machine\n" };
# struct sock_filter { u16 code; u8 jt, jf; u32 k }, over struct seccomp_data { nr, arch, ip, args }.
my @program = (
    [$LOAD,   0, 0, 0],
    [$EQUAL,  0, 2, $socket],
    [$LOAD,   0, 0, 16],
    [$EQUAL,  0, 1, 1],
    [$RETURN, 0, 0, $ALLOW],
    [$RETURN, 0, 0, $EAFNOSUPPORT],
);
# Another call than socket jumps to ALLOW, another family than AF_UNIX to the refusal.
my $code = join '', map { pack 'SCCL', @$_ } @program;
my $filter = pack 'Sx6P', scalar @program, $code;
syscall($prctl, $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 or die "no_new_privs: $!\n";
syscall($prctl, $PR_SET_SECCOMP, $FILTER, $filter, 0, 0) == 0 or die "seccomp: $!\n";
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
