using System.Net;
using Network.Linux;
using Network.Netlink;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;
using Xunit;

namespace Network.Overlay.Tests.Netlink;

/// <summary>This kernel may have no WireGuard, its messages have a layout all the same (linux/wireguard.h).</summary>
public sealed class WireGuardCodecTests
{
    private const ushort Family = 0x1d;
    private static readonly WireGuardPeer s_v4 = new(KeyOf(1), IPEndPoint.Parse("192.0.2.2:51820"), [IPNetwork.Parse("10.244.2.0/24"), IPNetwork.Parse("fd00:244:0:2::/64")]);
    private static readonly WireGuardPeer s_v6 = new(KeyOf(2), IPEndPoint.Parse("[2001:db8::3]:51821"), [IPNetwork.Parse("10.244.3.0/24")]);
    private static readonly WireGuardPeer s_waiting = new(KeyOf(3), null, []);

    [Fact]
    public void Peers_survive_a_round_trip()
    {
        var device = Assert.Single(Read(Written([s_v4, s_v6, s_waiting], [])));

        Assert.Equal("w1-wg", device.Name);
        Assert.Equal(3, device.Peers.Count);
        Assert.All(device.Peers.Zip([s_v4, s_v6, s_waiting]), pair => Assert.True(pair.First.Means(pair.Second)));
    }

    [Fact]
    public void Removal_has_exactly_the_bytes_of_the_kernel_layout()
    {
        var key = Convert.ToHexString(KeyOf(9).Bytes);

        Assert.Equal(
            "54000000" + "1D000100" + "00000000" + "00000000" // nlmsghdr: length 84, family, REQUEST
            + "01010000" // genlmsghdr: WG_CMD_SET_DEVICE, version 1
            + "0A000200" + "77312D7767000000" // WGDEVICE_A_IFNAME "w1-wg"
            + "34000880" + "30000080" // WGDEVICE_A_PEERS | NESTED { 0 | NESTED {
            + "24000100" + key // WGPEER_A_PUBLIC_KEY
            + "08000300" + "01000000", // WGPEER_A_FLAGS: REMOVE_ME
            Convert.ToHexString(Written([], [KeyOf(9)])));
    }

    [Fact]
    public void Peer_that_is_cut_by_the_end_of_a_message_is_put_together()
    {
        var first = new WireGuardDevice("w1-wg", KeyOf(8), 51820, [s_v4 with { AllowedAddresses = [IPNetwork.Parse("10.244.2.0/24")] }]);
        var second = new WireGuardDevice("w1-wg", KeyOf(8), 51820, [s_v4 with { AllowedAddresses = [IPNetwork.Parse("fd00:244:0:2::/64")] }, s_v6]);

        var whole = WireGuardSocket.Joined("w1-wg", [first, second]);

        Assert.Equal((KeyOf(8), 51820, 2), (whole.PublicKey, whole.Port, whole.Peers.Count));
        Assert.True(whole.Peers[0].Means(s_v4));
    }

    [Fact]
    public void Every_truncation_is_told_from_the_whole()
    {
        var whole = Written([s_v4, s_v6], [KeyOf(9)])[16..];
        var complete = Parse(whole)!.Peers.Sum(peer => 1 + peer.AllowedAddresses.Count);
        for (var length = 0; length < whole.Length; length++)
        {
            var device = Parse(whole.AsSpan(0, length));
            Assert.True(device is null || device.Peers.Sum(peer => 1 + peer.AllowedAddresses.Count) < complete, $"{length} of {whole.Length} bytes");
        }
    }

    [Fact]
    public void Damaged_messages_never_throw()
    {
        var random = new Random(20260801);
        var whole = Written([s_v4, s_v6, s_waiting], [])[16..];
        var parsed = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = whole.ToArray();
            for (var change = random.Next(1, 8); change > 0; change--)
                bytes[random.Next(4, bytes.Length)] = (byte)random.Next(256);
            if (Parse(bytes.AsSpan(0, round % 2 == 0 ? bytes.Length : random.Next(bytes.Length))) is not null)
                parsed++;
        }

        Assert.True(parsed > 1000, $"only {parsed} inputs got past the first checks");
    }

    [Fact]
    public void Kernel_without_the_family_is_told_by_name()
    {
        using var generic = new GenericSocket(new ScriptedTransport(request => [ScriptedTransport.Acknowledge(ScriptedTransport.SequencesOf(request)[0], Errno.ENOENT)]));

        Assert.Equal(0, generic.FindFamily(WireGuardSocket.Family));
        Assert.Contains("this kernel lacks it", Assert.Throws<LinuxException>(() => new WireGuardSocket(generic).Device("w1-wg")).Message);
    }

    [Theory]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true)]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", false)]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!", false)]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Key_text_is_32_bytes_in_base64(string? text, bool valid)
    {
        Assert.Equal(valid, WireGuardKey.TryParse(text, out var key));
        if (valid)
            Assert.Equal(text, key.ToString());
    }

    [Fact]
    public void New_private_keys_are_clamped_and_differ()
    {
        var keys = Enumerable.Range(0, 50).Select(_ => WireGuardKey.NewPrivate()).ToList();

        Assert.Equal(50, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Equal((0, 64), (key.Bytes[0] & 7, key.Bytes[31] & 192)));
    }

    private static WireGuardKey KeyOf(byte seed)
    {
        var bytes = new byte[WireGuardKey.Size];
        bytes.AsSpan().Fill(seed);
        return WireGuardKey.TryRead(bytes, out var key) ? key : default;
    }

    private static byte[] Written(IReadOnlyList<WireGuardPeer> set, IReadOnlyList<WireGuardKey> remove)
    {
        var batch = new NetlinkBatch();
        WireGuardSocket.Write(batch, Family, "w1-wg", set, remove);
        return batch.Written.ToArray();
    }

    private static List<WireGuardDevice> Read(byte[] datagram)
    {
        var devices = new List<WireGuardDevice>();
        var reader = new NetlinkMessageReader(datagram);
        while (reader.TryNext(out var message))
        {
            if (WireGuardSocket.TryParse(message, out var device))
                devices.Add(device);
        }

        return devices;
    }

    private static WireGuardDevice? Parse(ReadOnlySpan<byte> payload) => WireGuardSocket.TryParse(new NetlinkMessage(Family, 0, 0, payload), out var device) ? device : null;
}
