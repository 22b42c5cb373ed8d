using k8s.Models;
using Network.Kubelet.Pods;
using Xunit;

namespace Network.ControlPlane.Tests.Kubelet;

public sealed class PodPlanTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ContainerView s_running = new(ContainerCondition.Running) { Started = true };

    [Fact]
    public void Init_containers_start_one_after_the_other_when_each_succeeded()
    {
        var spec = Spec("Always", ["a"], "i1", "i2");
        Assert.Equal(["i1"], Plan(spec).Start);
        Assert.Empty(Plan(spec, ("i1", s_running)).Start);
        Assert.Equal(["i2"], Plan(spec, ("i1", Exited(0))).Start);
        var done = Plan(spec, ("i1", Exited(0)), ("i2", Exited(0)));
        Assert.Equal(["a"], done.Start);
        Assert.True(done.Initialized);
    }

    [Fact]
    public void Failed_init_container_ends_the_pod_when_nothing_restarts()
    {
        var plan = Plan(Spec("Never", ["a"], "i1"), ("i1", Exited(1)));
        Assert.Empty(plan.Start);
        Assert.True(plan.Finished);
        Assert.False(plan.Initialized);
        Assert.Equal(["i1"], Plan(Spec("OnFailure", ["a"], "i1"), ("i1", Exited(1))).Start);
    }

    [Fact]
    public void Sidecar_holds_the_next_container_back_when_it_has_not_started()
    {
        var spec = Spec("Always", ["a"], "*s");
        Assert.Equal(["s"], Plan(spec).Start);
        Assert.Empty(Plan(spec, ("s", s_running with { Started = false })).Start);
        Assert.Equal(["a"], Plan(spec, ("s", s_running)).Start);
    }

    [Fact]
    public void Sidecars_stop_in_reverse_and_only_then_the_pod_is_over_when_main_containers_ended()
    {
        var spec = Spec("Never", ["a"], "*s1", "*s2");
        var ended = Plan(spec, true, ("s1", s_running), ("s2", s_running), ("a", Exited(0)));
        Assert.Equal(["s2", "s1"], ended.Stop);
        Assert.False(ended.Finished);
        var over = Plan(spec, true, ("s1", Exited(0)), ("s2", Exited(143)), ("a", Exited(0)));
        Assert.True(over.Finished);
        Assert.Empty(over.Start);
    }

    [Theory]
    [InlineData("Always", 0, true)]
    [InlineData("Always", 1, true)]
    [InlineData("OnFailure", 0, false)]
    [InlineData("OnFailure", 1, true)]
    [InlineData("Never", 1, false)]
    public void Ended_container_starts_again_when_the_policy_says_so(string policy, int code, bool again)
    {
        var plan = Plan(Spec(policy, ["a"]), true, ("a", Exited(code)));
        Assert.Equal(again ? ["a"] : [], plan.Start);
        Assert.Equal(!again, plan.Finished);
    }

    [Fact]
    public void Container_waits_for_the_end_of_its_back_off_when_it_keeps_ending()
    {
        var plan = Plan(Spec("Always", ["a", "b"]), true, ("a", Exited(1) with { ReadyAt = s_now.AddSeconds(20) }), ("b", Exited(1) with { ReadyAt = s_now.AddSeconds(10) }));
        Assert.Empty(plan.Start);
        Assert.Equal(["a", "b"], plan.BackingOff);
        Assert.Equal(s_now.AddSeconds(10), plan.WaitUntil);
    }

    [Fact]
    public void Init_containers_stay_done_when_a_main_container_restarts() =>
        Assert.Equal(["a"], Plan(Spec("Always", ["a"], "i1"), true, ("a", Exited(1))).Start);

    [Fact]
    public void Back_off_doubles_to_its_limit_and_is_forgotten_after_twice_the_limit()
    {
        var backoff = new RestartBackoff(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(300));
        Assert.Equal(s_now, backoff.ReadyAt(s_now));
        var waits = new List<double>();
        var time = s_now;
        for (var i = 0; i < 7; i++)
        {
            backoff.Restarted(time);
            waits.Add(backoff.Current.TotalSeconds);
            time = backoff.ReadyAt(time);
        }

        Assert.Equal([10, 20, 40, 80, 160, 300, 300], waits);
        Assert.Equal(time.AddSeconds(601), backoff.ReadyAt(time.AddSeconds(601)));
    }

    private static PodPlan Plan(V1PodSpec spec, params (string Name, ContainerView View)[] views) => Plan(spec, false, views);

    private static PodPlan Plan(V1PodSpec spec, bool everStarted, params (string Name, ContainerView View)[] views) =>
        PodPlan.For(spec, views.ToDictionary(pair => pair.Name, pair => pair.View), everStarted, s_now);

    private static ContainerView Exited(int code) => new(ContainerCondition.Exited) { ExitCode = code, ReadyAt = s_now };

    // A star marks a sidecar.
    private static V1PodSpec Spec(string policy, string[] mains, params string[] inits) => new()
    {
        RestartPolicy = policy,
        Containers = [.. mains.Select(name => new V1Container { Name = name })],
        InitContainers = [.. inits.Select(name => new V1Container { Name = name.TrimStart('*'), RestartPolicy = name.StartsWith('*') ? "Always" : null })],
    };
}
