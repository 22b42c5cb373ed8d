using Xunit;

namespace Network.Overlay.Tests.Overlay;

/// <summary>The search against paths that are what the test says, question by question.</summary>
public sealed class PathMtuSearchTests
{
    private const int Least = 576, Full = 1450;

    [Fact]
    public void Whole_path_is_found_by_the_first_answer()
    {
        var search = new PathMtuSearch(Least, Full);
        Assert.Equal(Full, search.Next);

        search.Arrived(Full);

        Assert.Equal((Full, false, Full), (search.Found, search.IsSearching, search.Next));
    }

    [Theory]
    [InlineData(1449)]
    [InlineData(1400)]
    [InlineData(1280)]
    [InlineData(600)]
    [InlineData(577)]
    public void Smaller_path_is_found_within_a_step_of_eight(int carries)
    {
        var search = new PathMtuSearch(Least, Full);
        var asked = Ask(search, carries, 60);

        Assert.InRange(search.Found, Math.Max(Least, carries - 8), carries);
        Assert.True(asked <= 60);
    }

    [Fact]
    public void Two_losses_decide_nothing()
    {
        var search = new PathMtuSearch(Least, Full);
        search.Arrived(Full);
        search.Lost(Full);
        search.Lost(Full);

        Assert.Equal(Full, search.Found);
        Assert.True(search.IsSearching); // What is in doubt is asked soon.
        search.Arrived(Full);
        Assert.False(search.IsSearching);
    }

    [Fact]
    public void Path_that_shrinks_twice_is_followed_down_both_times_and_up_again()
    {
        var search = new PathMtuSearch(Least, Full);
        foreach (var carries in (int[])[Full, 1400, 1300, 1000, 1350, Full])
        {
            Ask(search, carries, 200);
            // Found less than it carries now: the full size is asked from time to time, sizes between are not.
            var most = carries == Full ? Full : carries;
            Assert.InRange(search.Found, Least, most);
            if (carries is Full or 1400 or 1300 or 1000)
                Assert.InRange(search.Found, most - 8, most);
        }
    }

    [Fact]
    public void Found_and_full_are_asked_in_turn_and_the_loss_of_the_full_size_is_no_news()
    {
        var search = new PathMtuSearch(Least, Full);
        Ask(search, 1400, 200);
        var found = search.Found;
        var sizes = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            sizes.Add(search.Next);
            search.Asked();
            Answer(search, sizes[^1], 1400);
        }

        Assert.Equal(10, sizes.Count(size => size == Full));
        Assert.Equal(10, sizes.Count(size => size == found));
        Assert.Equal(found, search.Found);
    }

    [Fact]
    public void Late_losses_of_sizes_that_were_given_up_do_no_harm()
    {
        var search = new PathMtuSearch(Least, Full);
        Ask(search, 1400, 200);
        var found = search.Found;
        foreach (var late in (int[])[Full, 1013, 1231, 1340, 1395, Full, Full, Full])
            search.Lost(late);

        Assert.Equal(found, search.Found);
    }

    [Fact]
    public void Found_never_exceeds_what_arrived_whatever_the_order_of_events()
    {
        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var search = new PathMtuSearch(Least, Full);
            var largest = 0;
            for (var i = 0; i < 100; i++)
            {
                var size = random.Next(3) == 0 ? random.Next(Least, Full + 1) : search.Next;
                if (random.Next(2) == 0)
                {
                    search.Arrived(size);
                    largest = Math.Max(largest, size);
                }
                else
                {
                    search.Lost(size);
                }

                Assert.InRange(search.Found, 0, Math.Max(largest, Least));
                Assert.InRange(search.Next, Least, Full);
            }
        }
    }

    // Until nothing changes any more.
    private static int Ask(PathMtuSearch search, int carries, int most)
    {
        var asked = 0;
        var quiet = 0;
        while (asked < most && quiet < 20)
        {
            var (size, before) = (search.Next, search.Found);
            search.Asked();
            Answer(search, size, carries);
            asked++;
            quiet = search.Found == before && search.Found != 0 ? quiet + 1 : 0;
        }

        return asked;
    }

    private static void Answer(PathMtuSearch search, int size, int carries)
    {
        if (size <= carries)
            search.Arrived(size);
        else
            search.Lost(size);
    }
}
