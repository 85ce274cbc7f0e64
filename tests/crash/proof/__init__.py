"""What is used to show that no letter is lost: stores that write down what they are asked, and ways to be killed."""
