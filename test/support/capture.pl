# Prints each kind of packet that this network namespace sends or receives, once: protocol and the
# two ports, or the number of the protocol. In Perl, which every Debian has, for want of a packet
# socket in Node.
use strict;
use warnings;
use Socket;
$| = 1;
my ($AF_PACKET, $EVERYTHING) = (17, 0x0003);
socket(my $wire, $AF_PACKET, SOCK_RAW, unpack('n', pack('S', $EVERYTHING))) or die "packets: $!\n";
print "listening\n";
my %seen;
while (1) {
    recv($wire, my $packet, 65535, 0) // next;
    my ($type, $ip) = (unpack('n', substr($packet, 12, 2)), substr($packet, 14));
    my $kind = sprintf 'ether %04x', $type;
    if ($type == 0x0800) {
        my $protocol = ord substr($ip, 9, 1);
        my @ports = unpack 'nn', substr($ip, 4 * (ord($ip) & 15), 4);
        $kind = $protocol == 6 ? "tcp @ports" : $protocol == 17 ? "udp @ports" : "ip $protocol";
    }
    print "$kind\n" unless $seen{$kind}++;
}
