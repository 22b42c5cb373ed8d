using System.Runtime.InteropServices;
using Network.Linux;
using Network.Netlink;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;
using Xunit;

namespace Network.Overlay.Tests.Netlink;

/// <summary>Replies that a healthy kernel rarely gives, from a script.</summary>
public sealed class NetlinkSocketTests
{
    [Fact]
    public void Refusal_carries_operation_errno_and_the_kernels_words()
    {
        var socket = new RouteSocket(new ScriptedTransport(request =>
            [ScriptedTransport.Acknowledge(ScriptedTransport.SequencesOf(request)[0], Errno.EINVAL, "Invalid VNI")]));

        var error = Assert.Throws<LinuxException>(() => socket.Execute(batch => batch.LinkDelete("w1-vx")));

        Assert.Equal(("delete link w1-vx", Errno.EINVAL, "Invalid VNI"), (error.Operation, error.Errno, error.Detail));
    }

    [Fact]
    public void Batch_reports_each_refusal_by_position()
    {
        var socket = new RouteSocket(new ScriptedTransport(request => ScriptedTransport.SequencesOf(request)
            .Select((sequence, i) => ScriptedTransport.Acknowledge(sequence, i % 2 == 0 ? Errno.None : Errno.EEXIST))));
        var batch = new RouteBatch();
        for (var i = 0; i < 200; i++)
            batch.LinkDelete($"v{i}");

        var refusals = socket.TryExecute(batch);

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (2 * i) + 1), refusals.Select(refusal => refusal.Index));
        Assert.Equal("delete link v7", refusals[3].Error.Operation);
    }

    [Fact]
    public void Replies_to_older_requests_are_skipped()
    {
        var socket = new RouteSocket(new ScriptedTransport(request =>
        {
            var sequence = ScriptedTransport.SequencesOf(request)[0];
            return [ScriptedTransport.Acknowledge(sequence - 1, Errno.EPERM), ScriptedTransport.Acknowledge(sequence)];
        }));

        Assert.Empty(socket.TryExecute(new RouteBatch().LinkDelete("x")));
    }

    [Fact]
    public void Dump_spans_datagrams_until_done()
    {
        var socket = new RouteSocket(new ScriptedTransport(request =>
        {
            var sequence = ScriptedTransport.SequencesOf(request)[0];
            return [LinkReply(sequence, "a", 0), LinkReply(sequence, "b", 0), Done(sequence)];
        }));

        Assert.Equal(["a", "b"], socket.Links().Select(link => link.Name));
    }

    [Fact]
    public void Interrupted_dump_is_read_again_and_old_values_are_dropped()
    {
        var attempts = 0;
        var socket = new RouteSocket(new ScriptedTransport(request =>
        {
            var sequence = ScriptedTransport.SequencesOf(request)[0];
            var interrupted = ++attempts < 3 ? NetlinkH.NLM_F_DUMP_INTR : (ushort)0;
            return [LinkReply(sequence, $"try{attempts}", interrupted), Done(sequence)];
        }));

        Assert.Equal(["try3"], socket.Links().Select(link => link.Name));
    }

    [Fact]
    public void Dump_interrupted_every_time_is_an_error_not_a_wrong_answer()
    {
        var transport = new ScriptedTransport(request =>
        {
            var sequence = ScriptedTransport.SequencesOf(request)[0];
            return [LinkReply(sequence, "a", NetlinkH.NLM_F_DUMP_INTR), Done(sequence)];
        });

        var error = Assert.Throws<LinuxException>(() => new RouteSocket(transport).Links());

        Assert.Equal(Errno.EINTR, error.Errno);
        Assert.Equal(5, transport.Sent.Count);
    }

    [Fact]
    public void Reply_cut_inside_a_message_is_an_error()
    {
        var socket = new RouteSocket(new ScriptedTransport(request =>
            [ScriptedTransport.Acknowledge(ScriptedTransport.SequencesOf(request)[0])[..^2]]));

        Assert.Equal(Errno.EIO, Assert.Throws<LinuxException>(() => socket.Execute(batch => batch.LinkDelete("x"))).Errno);
    }

    [Fact]
    public void Lost_reply_surfaces_as_ENOBUFS()
    {
        var socket = new RouteSocket(new ScriptedTransport(_ => [[]]));

        Assert.Equal(Errno.ENOBUFS, Assert.Throws<LinuxException>(() => socket.Links()).Errno);
    }

    private static byte[] LinkReply(uint sequence, string name, ushort flags)
    {
        var batch = new RouteBatch().LinkAdd(new BridgeSpec(name));
        var bytes = batch.Written.ToArray();
        MemoryMarshal.Write(bytes.AsSpan(6), (ushort)(NetlinkH.NLM_F_MULTI | flags));
        return ScriptedTransport.WithSequence(bytes, sequence);
    }

    private static byte[] Done(uint sequence)
    {
        var batch = new NetlinkBatch();
        using (var message = new NetlinkWriter(batch, NetlinkH.NLMSG_DONE, NetlinkH.NLM_F_MULTI, sequence))
            message.Header(0);
        return batch.Written.ToArray();
    }
}
