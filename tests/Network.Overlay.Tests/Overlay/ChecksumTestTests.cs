using Xunit;

namespace Network.Overlay.Tests.Overlay;

/// <summary>The self-test against devices of four kinds.</summary>
public sealed class ChecksumTestTests
{
    [Fact]
    public void Working_offload_is_left_alone_at_the_first_answer()
    {
        var test = new ChecksumTest();
        Play(test, offloadWorks: true, checksumsWork: true, nothingWorks: false);

        Assert.Equal((ChecksumVerdict.Works, true, false), (test.Verdict, test.OffloadOn, test.WantsUnchecked));
    }

    [Fact]
    public void Offload_that_corrupts_is_turned_off()
    {
        var test = new ChecksumTest();
        var switched = Play(test, offloadWorks: false, checksumsWork: true, nothingWorks: false);

        Assert.Equal((ChecksumVerdict.TurnedOff, false), (test.Verdict, test.OffloadOn));
        Assert.Equal(1, switched);
    }

    [Fact]
    public void Way_that_alters_packets_is_not_the_offloads_fault_and_it_is_turned_on_again()
    {
        var test = new ChecksumTest();
        var switched = Play(test, offloadWorks: false, checksumsWork: false, nothingWorks: false);

        Assert.Equal((ChecksumVerdict.Broken, true), (test.Verdict, test.OffloadOn));
        Assert.Equal(2, switched);
    }

    [Fact]
    public void Silence_proves_nothing()
    {
        var test = new ChecksumTest();
        var switched = Play(test, offloadWorks: false, checksumsWork: false, nothingWorks: true);

        Assert.Equal((ChecksumVerdict.Untested, true, true), (test.Verdict, test.OffloadOn, test.WantsUnchecked));
        Assert.Equal(0, switched);
    }

    [Fact]
    public void Verdict_stays_when_the_way_goes_silent_later()
    {
        var test = new ChecksumTest();
        Play(test, offloadWorks: true, checksumsWork: true, nothingWorks: false);
        var switched = Play(test, offloadWorks: false, checksumsWork: false, nothingWorks: false);

        Assert.Equal((ChecksumVerdict.Works, true, 0), (test.Verdict, test.OffloadOn, switched));
    }

    // A hundred questions of each kind that is wanted; returns how often the device was switched.
    private static int Play(ChecksumTest test, bool offloadWorks, bool checksumsWork, bool nothingWorks)
    {
        var switched = 0;
        for (var i = 0; i < 100; i++)
        {
            var before = test.OffloadOn;
            if (!nothingWorks && (test.OffloadOn ? offloadWorks : checksumsWork))
                test.OrdinaryArrived();
            else
                test.OrdinaryLost();
            if (test.WantsUnchecked && !nothingWorks)
                test.UncheckedArrived();
            if (test.OffloadOn != before)
                switched++;
        }

        return switched;
    }
}
