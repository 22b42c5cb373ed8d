using Network.Api.Quantities;
using Xunit;

namespace Network.ControlPlane.Tests.Api;

public sealed class QuantityTests
{
    // Canonical forms from apimachinery's quantity_test.go.
    [Theory]
    [InlineData("0", "0")]
    [InlineData("1000m", "1")]
    [InlineData("1500m", "1500m")]
    [InlineData("0.5", "500m")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("1024", "1024")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("1000000", "1M")]
    [InlineData("1e3", "1e3")]
    [InlineData("12e6", "12e6")]
    [InlineData("100", "100")]
    [InlineData("0.1Ki", "102400m")]
    [InlineData("-5", "-5")]
    public void Quantity_has_one_canonical_spelling(string text, string canonical)
    {
        Assert.True(Quantity.TryParse(text, out var value));
        Assert.Equal(canonical, value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1x")]
    [InlineData("Mi")]
    [InlineData("1 Gi")]
    [InlineData("1.2.3")]
    [InlineData("--1")]
    public void Nonsense_is_no_quantity(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Fact]
    public void Milli_values_round_up()
    {
        Assert.True(Quantity.TryParse("1500u", out var value));
        Assert.Equal((2, 1), (value.MilliValue, value.Value));
    }
}
